package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const smallCDNow = " customer_id  date number_of_cds  dollar_value\r\n 00001 19970101  1   11.77\r\n 00002 19970112  5   77.00\r\n 00002 19970112  5   77.00\r\n"

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(text), nil))
}

func TestRowsBecomeTheSameEventsHoweverTheFileIsPacked(t *testing.T) {
	t.Parallel()
	want := []string{
		"3c593a38-6b8b-57fd-9e61-bd99953baa44 cdnow-00001 1997-01-01T00:00:00Z " + `{"amount":{"minor":1177,"currency":"USD"},"quantity":1}`,
		"4fbaf596-4fd9-5830-80cc-9abd1760b469 cdnow-00002 1997-01-12T00:00:00Z " + `{"amount":{"minor":7700,"currency":"USD"},"quantity":5}`,
		"f59f04f8-d4d8-5514-a6ca-72768919c8c4 cdnow-00002 1997-01-12T00:00:00Z " + `{"amount":{"minor":7700,"currency":"USD"},"quantity":5}`,
	}
	for name, text := range map[string]string{
		"small.txt":     smallCDNow,
		"small.txt.gz":  gzipped(t, smallCDNow),
		"small.txt.zst": zstandard(t, smallCDNow),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := openFile(t, writeFile(t, name, text), FileOptions{Format: CDNow})
			all := readAll(f, 0)
			if all.err != nil || len(all.rejects) > 0 || len(all.events) != 3 {
				t.Fatalf("%d events, rejections %v, error %v", len(all.events), all.rejects, all.err)
			}
			for i, ev := range all.events {
				got := fmt.Sprintf("%s %s %s %s", ev.ID, ev.Subject, ev.Time, ev.Data)
				if got != want[i] {
					t.Errorf("row %d is\n%s\nwant\n%s", i+1, got, want[i])
				}
				if ev.Type != "purchase.recorded" || ev.Source != "/import/small.txt" {
					t.Errorf("row %d is %s of %s", i+1, ev.Type, ev.Source)
				}
			}
		})
	}
}

func TestAByteOrderMarkIsNoPartOfTheFirstColumn(t *testing.T) {
	t.Parallel()
	mapping := []byte(`
events:
  - type: {constant: note.added}
    subject: {column: who}
    time: {constant: 2020-01-01}
    data: [{to: text, column: text}]
`)
	f := openFile(t, writeFile(t, "notes.csv", "\xef\xbb\xbfwho,text\r\nc1,你好\r\n"), FileOptions{Format: CSV, Mapping: mapping})
	all := readAll(f, 0)
	if all.err != nil || len(all.events) != 1 || string(all.events[0].Data) != `{"text":"你好"}` {
		t.Errorf("events %v, error %v", all.events, all.err)
	}
	_, err := OpenFile(writeFile(t, "wide.csv", "\xff\xfew\x00h\x00o\x00"), FileOptions{Format: CSV, Mapping: mapping})
	if !errors.Is(err, errUTF16) {
		t.Errorf("a file in UTF-16 gives %v", err)
	}
}

func TestRowsStartAfterTheOneAskedFor(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "small.txt", smallCDNow)
	whole := readAll(openFile(t, path, FileOptions{Format: CDNow}), 0)
	rest := readAll(openFile(t, path, FileOptions{Format: CDNow}), 2)
	if len(rest.events) != 1 || rest.events[0].ID != whole.events[2].ID || rest.rows[0].Number != 3 || rest.rows[0].Line != 4 {
		t.Errorf("rows %v, events %v", rest.rows, rest.events)
	}
}

func TestATruncatedArchiveEndsWithAnErrorThatNamesTheLastRow(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 20_000 {
		// Digits without a pattern, so that the archive has several blocks.
		fmt.Fprintf(&text, " %05d 19970101  1   %d.%02d\n", i%7919, uint32(i)*2654435761%10_000_000, i%100)
	}
	for name, pack := range map[string]func(*testing.T, string) string{"a.gz": gzipped, "a.zst": zstandard} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packed := pack(t, text.String())
			f := openFile(t, writeFile(t, name, packed[:len(packed)*3/4]), FileOptions{Format: CDNow})
			all := readAll(f, 0)
			want := fmt.Sprintf("read after row %d: the archive is truncated", len(all.events))
			if all.err == nil || !errors.Is(all.err, io.ErrUnexpectedEOF) || !strings.HasPrefix(all.err.Error(), want) {
				t.Errorf("error %v, want %s", all.err, want)
			}
			if len(all.events) == 0 || len(all.events) == 20_000 || len(all.rejects) > 0 {
				t.Errorf("%d events, rejections %v", len(all.events), all.rejects)
			}
		})
	}
}

func TestADamagedArchiveIsAnError(t *testing.T) {
	t.Parallel()
	packed := []byte(gzipped(t, smallCDNow))
	packed[len(packed)-6] ^= 1 // the checksum
	f, err := OpenFile(writeFile(t, "a.gz", string(packed)), FileOptions{Format: CDNow})
	if err == nil {
		err = readAll(f, 0).err
		if closed := f.Close(); closed != nil {
			t.Error(closed)
		}
	}
	if err == nil || !strings.Contains(err.Error(), "the archive is damaged") {
		t.Errorf("error %v", err)
	}
}

func TestFilesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	good := []byte("events: [{type: {constant: note.added}, subject: {column: a}, time: {constant: 2020-01-01}}]")
	tests := []struct {
		name, path string
		opts       FileOptions
		want       string
	}{
		{"no file", filepath.Join(t.TempDir(), "none"), FileOptions{Format: CDNow}, "no such file"},
		{"a directory", t.TempDir(), FileOptions{Format: CDNow}, "not a regular file"},
		{"an unknown format", writeFile(t, "a", "a\n"), FileOptions{Format: "xls"}, "must be one of"},
		{"CSV without a mapping", writeFile(t, "a", "a\n"), FileOptions{Format: CSV}, "needs a mapping"},
		{"a mapping without CSV", writeFile(t, "a", "a\n"), FileOptions{Format: CDNow, Mapping: good}, "no other format takes one"},
		{"an empty file", writeFile(t, "a", ""), FileOptions{Format: CSV, Mapping: good}, "has no header"},
		{"a column that is not there", writeFile(t, "a", "b,c\n"), FileOptions{Format: CSV, Mapping: good}, `events[0].subject names the column "a"; the file has b, c`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := OpenFile(test.path, test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestBothFilesOfCDNowAreToldApart(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, subject string }{
		{"with a header", smallCDNow, "cdnow-00001"},
		{"without a header", " 00001 19970101  1   11.77\n", "cdnow-00001"},
		{"the sample", " 00004 0001 19970101  2   29.33\n", "cdnow-00004"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all := readAll(openFile(t, writeFile(t, "a.txt", test.text), FileOptions{Format: CDNow}), 0)
			if all.err != nil || len(all.rejects) > 0 || len(all.events) == 0 || all.events[0].Subject != test.subject {
				t.Errorf("events %v, rejections %v, error %v", all.events, all.rejects, all.err)
			}
		})
	}
}

const twoEvents = `{"specversion":"1.0","id":"1","source":"/a","type":"note.added","subject":"c1","time":"2020-01-01T00:00:00Z","data":{"text":"x"}}
{"specversion":"1.0","id":"2","source":"/a","type":"note.added","subject":"c2","time":"2020-01-01T00:00:00Z","data":{"text":"y"}}`

func TestCloudEventsAreReadFromLinesAndArrays(t *testing.T) {
	t.Parallel()
	array := "[" + strings.Replace(twoEvents, "\n", ",\n", 1) + "]"
	for name, text := range map[string]string{
		"lines": twoEvents, "lines with blank ones": "\n \r\n" + strings.Replace(twoEvents, "\n", "\r\n\r\n", 1) + "\n",
		"array": array, "indented array": "\n\t" + array + "\n", "packed": zstandard(t, twoEvents),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := readAll(openFile(t, writeFile(t, "a.ndjson", text), FileOptions{Format: CloudEvents}), 0)
			if all.err != nil || len(all.rejects) > 0 || len(all.events) != 2 || all.events[0].ID != "1" || all.events[1].Subject != "c2" {
				t.Errorf("events %v, rejections %v, error %v", all.events, all.rejects, all.err)
			}
		})
	}
}

func TestBadCloudEventsAreRejectedAlone(t *testing.T) {
	t.Parallel()
	first, second, _ := strings.Cut(twoEvents, "\n")
	long := `{"id":"` + strings.Repeat("x", MaxLine) + `"}`
	bad := []string{`{`, `[]`, `{"specversion":"1.0"}`, strings.Replace(first, "2020-01-01T", "2020-13-01T", 1), "\x00", long, "\xff"}
	all := readAll(openFile(t, writeFile(t, "a.ndjson", first+"\n"+strings.Join(bad, "\n")+"\n"+second), FileOptions{Format: CloudEvents}), 0)
	if all.err != nil || len(all.events) != 2 {
		t.Fatalf("%d events, error %v", len(all.events), all.err)
	}
	var got []string
	for _, r := range all.rejects {
		got = append(got, fmt.Sprintf("%s:%d:%d %s %s", r.Source, r.Row, r.Line, r.Problems[0].Pointer, r.Problems[0].Rule))
	}
	want := []string{
		"a.ndjson:2:2  syntax", "a.ndjson:3:3  type", "a.ndjson:4:4 /id required", "a.ndjson:5:5 /time format",
		"a.ndjson:6:6  nul", "a.ndjson:7:7  length", "a.ndjson:8:8  utf8",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rejections\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestABrokenArrayIsAnErrorAfterTheItemsBeforeIt(t *testing.T) {
	t.Parallel()
	first, second, _ := strings.Cut(twoEvents, "\n")
	for name, text := range map[string]string{
		"truncated": "[" + first + "," + second[:20], "without an end": "[" + first + "\n", "not JSON": "[" + first + ",}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := readAll(openFile(t, writeFile(t, "a.json", text), FileOptions{Format: CloudEvents}), 0)
			if all.err == nil || !strings.HasPrefix(all.err.Error(), "read array after row 1: ") || len(all.events) != 1 {
				t.Errorf("%d events, error %v", len(all.events), all.err)
			}
		})
	}
}

func TestAnEmptyFileHasNoEvents(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " \n\n", "[]"} {
		all := readAll(openFile(t, writeFile(t, "a.ndjson", text), FileOptions{Format: CloudEvents}), 0)
		if all.err != nil || len(all.events)+len(all.rejects) > 0 {
			t.Errorf("%q: events %v, rejections %v, error %v", text, all.events, all.rejects, all.err)
		}
	}
}

func TestTheOffsetReachesTheSize(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "a.gz", gzipped(t, smallCDNow))
	f := openFile(t, path, FileOptions{Format: CDNow})
	readAll(f, 0)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Offset() != info.Size() || f.Size() != info.Size() {
		t.Errorf("offset %d and size %d of a file of %d bytes", f.Offset(), f.Size(), info.Size())
	}
}
