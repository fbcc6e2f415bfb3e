package jsonscan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

func ExampleScanner() {
	var s jsonscan.Scanner
	s.Reset([]byte(`{"name": "Li Wei", "tags": ["a", "b"], "age": 41, "rest": {"x": [1, 2]}}`))
	s.Object()
	for key, ok := s.Key(); ok; key, ok = s.Key() {
		switch {
		case key == "name" && s.Kind() == jsonscan.String:
			fmt.Println(s.Text())
		case key == "tags" && s.Kind() == jsonscan.Array:
			s.Array()
			for s.Item() {
				fmt.Println(s.Text())
			}
		case key == "age" && s.Kind() == jsonscan.Number:
			fmt.Println(s.Int())
		default:
			fmt.Printf("%s\n", s.Skip())
		}
	}
	fmt.Println(s.End())
	// Output:
	// Li Wei
	// a
	// b
	// 41 true
	// {"x": [1, 2]}
	// <nil>
}

func TestErrorsTellOffsetAndReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src    string
		offset int
		reason string
	}{
		{``, 0, "unexpected end"},
		{`  `, 2, "unexpected end"},
		{`{`, 1, "unexpected end"},
		{`[1`, 2, "unexpected end"},
		{`"abc`, 4, "unexpected end"},
		{`"abc\`, 5, "unexpected end"},
		{`"abc\"`, 6, "unexpected end"},
		{`{"a"}`, 4, "colon expected"},
		{`{"a":}`, 5, "value expected"},
		{`{a:1}`, 1, "key expected"},
		{`{"a":1,}`, 7, "key expected"},
		{`{"a":1 "b":2}`, 7, "comma or closing bracket expected"},
		{`[1,]`, 3, "value expected"},
		{`[,1]`, 1, "value expected"},
		{`[1 2]`, 3, "comma or closing bracket expected"},
		{`[1}`, 2, "comma or closing bracket expected"},
		{`tru`, 0, "true, false or null expected"},
		{`nul!`, 0, "true, false or null expected"},
		{`01`, 0, "number expected"},
		{`-`, 1, "unexpected end"},
		{`-a`, 1, "number expected"},
		{`[1.]`, 3, "number expected"},
		{`[1.e1]`, 3, "number expected"},
		{`[1e+]`, 4, "number expected"},
		{`+1`, 0, "value expected"},
		{"\"a\nb\"", 2, "control character in string"},
		{`["\x"]`, 2, "unknown escape in string"},
		{`["ab\u12g4"]`, 4, "unknown escape in string"},
		{`{"\ud800":1}`, 2, "string is not valid unicode"},
		{`["\n\udc00\ud800"]`, 4, "string is not valid unicode"},
		{"\"\xff\"", 0, "string is not valid unicode"},
		{`1 2`, 2, "bytes after the value"},
		{`{}}`, 2, "bytes after the value"},
		{"\ufeff{}", 0, "value expected"},
	} {
		var s jsonscan.Scanner
		s.Reset([]byte(c.src))
		s.Skip()
		var e *jsonscan.SyntaxError
		if !errors.As(s.End(), &e) || e.Offset != c.offset || string(e.Reason) != c.reason {
			t.Errorf("%q: got %v, want %q at byte %d", c.src, s.End(), c.reason, c.offset)
		}
		s.Reset(append([]byte("  "), c.src...)[2:])
		build(&s)
		if !errors.As(s.End(), &e) || e.Offset != c.offset {
			t.Errorf("%q, walked: got %v, want byte %d", c.src, s.End(), c.offset)
		}
	}
}

func TestNestingIsLimited(t *testing.T) {
	t.Parallel()
	deep := func(n int) []byte { return []byte(strings.Repeat(`[{"a":`, n/2) + "1" + strings.Repeat("}]", n/2)) }
	if !jsonscan.Valid(deep(jsonscan.DefaultMaxDepth)) {
		t.Error("a value of the greatest depth was refused")
	}
	if jsonscan.Valid(deep(jsonscan.DefaultMaxDepth + 2)) {
		t.Error("a value beyond the greatest depth was accepted")
	}
	s := jsonscan.Scanner{MaxDepth: 40}
	s.Reset(deep(40))
	s.Skip()
	if err := s.End(); err != nil {
		t.Error(err)
	}
	s.Reset(deep(1_000_000))
	s.Skip()
	var e *jsonscan.SyntaxError
	if !errors.As(s.End(), &e) || e.Reason != jsonscan.ReasonDepth {
		t.Errorf("a million levels: %v", s.End())
	}
}

func TestLeftLevelsDoNotCountAsDepth(t *testing.T) {
	t.Parallel()
	if !jsonscan.Valid([]byte("[" + strings.Repeat("[[]],", 100) + "[]]")) {
		t.Error("a wide value was refused")
	}
}

func TestWrongReadsFail(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*jsonscan.Scanner){
		"Text":   func(s *jsonscan.Scanner) { s.Text() },
		"Int":    func(s *jsonscan.Scanner) { s.Int() },
		"Float":  func(s *jsonscan.Scanner) { s.Float() },
		"Bool":   func(s *jsonscan.Scanner) { s.Bool() },
		"Array":  func(s *jsonscan.Scanner) { s.Array() },
		"Object": func(s *jsonscan.Scanner) { s.Object(); s.Key() },
	} {
		var s jsonscan.Scanner
		s.Reset([]byte(`null`))
		read(&s)
		if s.Err() == nil || s.End() == nil {
			t.Errorf("%s of null: no error", name)
		}
		if _, ok := s.Key(); ok || s.Item() || s.Skip() != nil || s.Kind() != jsonscan.Invalid {
			t.Errorf("%s of null: reading went on after the error", name)
		}
		s.Reset([]byte(`null`))
		if s.Null(); s.End() != nil {
			t.Errorf("%s of null: the error outlived Reset", name)
		}
	}
}

func TestIntegersCountByValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src  string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"-0", 0, true},
		{"-12", -12, true},
		{"129900", 129900, true},
		{"123456789012345678", 123456789012345678, true},
		{"9223372036854775807", 9223372036854775807, true},
		{"-9223372036854775808", -9223372036854775808, true},
		{"9223372036854775808", 0, false},
		{"2.0", 2, true},
		{"2e3", 2000, true},
		{"2.5", 0, false},
		{"1e300", 0, false},
		{"1e999", 0, false},
		{"9007199254740993.0", 9007199254740992, true},
		{"9007199254740996.0", 0, false},
	} {
		var s jsonscan.Scanner
		s.Reset([]byte(c.src))
		got, ok := s.Int()
		if err := s.End(); err != nil || got != c.want || ok != c.ok {
			t.Errorf("%s: got %d, %t, %v", c.src, got, ok, err)
		}
	}
}

func TestNumbersOutOfRangeAreReadOver(t *testing.T) {
	t.Parallel()
	var s jsonscan.Scanner
	s.Reset([]byte(`[1e999, -1e-999, 7]`))
	s.Array()
	var got []string
	for s.Item() {
		f, ok := s.Float()
		got = append(got, fmt.Sprintf("%g %t", f, ok))
	}
	if err := s.End(); err != nil || fmt.Sprint(got) != "[0 false -0 true 7 true]" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	src := []byte(` { "name" : "李伟 and a longer text", "n" : [ 1, -2.5, true, null ], "raw" : {"a":"\u00e9"} } `)
	var s jsonscan.Scanner
	allocs := testing.AllocsPerRun(100, func() {
		s.Reset(src)
		s.Object()
		for key, ok := s.Key(); ok; key, ok = s.Key() {
			switch key {
			case "name":
				s.Text()
			case "n":
				s.Array()
				s.Item()
				s.Int()
				s.Item()
				s.Float()
				s.Item()
				s.Bool()
				s.Item()
				s.Null()
				s.Item()
			default:
				s.Skip()
			}
		}
		if err := s.End(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestCompactDropsOnlySpaceBetweenTokens(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		` { "a b" : [ 1 , "x \" y\\" ] , "c" : { } } `: `{"a b":[1,"x \" y\\"],"c":{}}`,
		"\t[\r\n\"\\\\\"\t,\ttrue ]\n":                 `["\\",true]`,
		`"no space"`:                                   `"no space"`,
		` 1`:                                           `1`,
		`{}`:                                           `{}`,
	} {
		got, err := jsonscan.Compact([]byte("x"), []byte(src))
		if err != nil || string(got) != "x"+want {
			t.Errorf("%q: got %q, %v", src, got, err)
		}
	}
	if got, err := jsonscan.Compact([]byte("x"), []byte(`{"a":`)); err == nil || string(got) != "x" {
		t.Errorf("cut off input: got %q, %v", got, err)
	}
}
