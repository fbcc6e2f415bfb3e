package domain

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everyType returns the types of events, of derived events and of states.
func everyType() []*Type {
	all := slices.Clone(Types())
	for _, typ := range Outputs() {
		all = append(all, typ.Type)
	}
	return append(all, CustomerStateType())
}

func TestCatalogueHasEveryTypeOnce(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
	names := make([]string, 0, len(Types()))
	for _, typ := range Types() {
		if !form.MatchString(typ.Name) || !isTypeName(typ.Name) {
			t.Errorf("%q is not the name of a type", typ.Name)
		}
		if found, ok := Lookup(typ.Name); !ok || found != typ {
			t.Errorf("Lookup does not find %s", typ.Name)
		}
		if typ.Family == "" || typ.Version != 1 || !strings.HasSuffix(typ.Description, ".") {
			t.Errorf("%s is described as %+v", typ.Name, typ)
		}
		names = append(names, typ.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Error("the types are not in the order of their names, each once")
	}
	if _, ok := Lookup("purchase"); ok {
		t.Error("Lookup finds a type that does not exist")
	}
}

func TestStructNamesFollowTypeNames(t *testing.T) {
	t.Parallel()
	for _, typ := range everyType() {
		var want strings.Builder
		for _, word := range strings.FieldsFunc(typ.Name, func(r rune) bool { return r == '.' || r == '_' }) {
			want.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
		if got := typ.plan.of.Name(); got != want.String() {
			t.Errorf("the data of %s is %s, want %s", typ.Name, got, want.String())
		}
	}
}

// A required member is always written; any other is left out of the JSON when it is empty, because null is no value.
func TestOptionalFieldsAreLeftOutWhenEmpty(t *testing.T) {
	t.Parallel()
	for _, typ := range everyType() {
		checkTags(t, typ.plan)
	}
}

func checkTags(t *testing.T, p *plan) {
	t.Helper()
	for _, f := range p.fields {
		if f.object != nil && f.form == formList {
			checkTags(t, f.object)
		}
		sf, ok := p.of.FieldByName(f.GoName)
		if !ok {
			t.Fatalf("%s has no field %s", p.of, f.GoName)
		}
		_, option, _ := strings.Cut(sf.Tag.Get("json"), ",")
		want := "omitzero"
		switch {
		case f.Required:
			want = ""
		case f.form == formList || f.form == formIDs || f.form == formTexts || f.form == formRaw:
			want = "omitempty"
		}
		if option != want {
			t.Errorf("%s.%s has the JSON option %q, want %q", p.of, f.GoName, option, want)
		}
	}
}

func TestFreeTextAndIdentifiersArePersonal(t *testing.T) {
	t.Parallel()
	free := []string{"text", "note", "content", "words", "evidence", "solution"}
	for _, typ := range everyType() {
		for _, f := range typ.Fields {
			if slices.Contains(free, f.Name) && f.Kind != KindIDs && !f.Personal && typ.Stream == StreamCustomer {
				t.Errorf("%s of %s is free text and is not marked personal", f.Name, typ.Name)
			}
		}
	}
	for _, at := range []struct{ typ, field string }{
		{"customer.registered", "name"}, {"customer.registered", "attributes"}, {"customer.identified", "value"},
		{"customer.attribute_set", "value"}, {"event.corrected", "data"},
	} {
		typ, _ := Lookup(at.typ)
		if i := typ.plan.find(at.field, 0); i < 0 || !typ.Fields[i].Personal {
			t.Errorf("%s of %s is not marked personal", at.field, at.typ)
		}
	}
}

func TestCheckSubjectTellsStreamsApart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		typ, subject string
		ok           bool
	}{
		{"purchase.recorded", "C1", true},
		{"purchase.recorded", "organisation-7", true},
		{"purchase.recorded", "org:brand/east", false},
		{"purchase.recorded", "employee:E1", false},
		{"rectification.opened", "org:brand/east", true},
		{"rectification.opened", "org:", false},
		{"rectification.opened", "C1", false},
		{"employee.left", "employee:E1", true},
		{"employee.left", "org:brand", false},
		{"event.retracted", "org:brand", true},
		{"event.retracted", "C1", true},
		{"event.retracted", "rapport:control", false},
		{"purchase.recorded", "rapport", true},
		{"purchase.recorded", "rapport:control", false},
		{"rectification.opened", "rapport:org", false},
		{"clock.ticked", "rapport:control", true},
		{"clock.ticked", "rapport:other", false},
		{"clock.ticked", "C1", false},
	}
	for _, tt := range tests {
		typ, _ := Lookup(tt.typ)
		err := typ.CheckSubject(tt.subject)
		if (err == nil) != tt.ok {
			t.Errorf("%s with subject %s: %v", tt.typ, tt.subject, err)
		}
		var invalid *Invalid
		if err != nil && (!errors.As(err, &invalid) || invalid.Problems[0].Pointer != "/subject") {
			t.Errorf("%s with subject %s: error is %#v", tt.typ, tt.subject, err)
		}
	}
}

func TestNineCausesLieOnTwoSides(t *testing.T) {
	t.Parallel()
	sides := make(map[CauseSide]int)
	for _, cause := range ChurnCause("").values() {
		sides[ChurnCause(cause).Side()]++
	}
	if len(sides) != 2 || sides[SideEnterprise] != 5 || sides[SideCustomer] != 4 {
		t.Errorf("causes by side are %v, want five of the enterprise and four of the customer", sides)
	}
	if side := ChurnCause("weather").Side(); side != "" {
		t.Errorf("an unknown cause lies on the side %q", side)
	}
}

func TestEveryChannelIsListedOnce(t *testing.T) {
	t.Parallel()
	all := Channel("").values()
	broadcast := 0
	for _, name := range all {
		if Channel(name).Broadcast() {
			broadcast++
		}
	}
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != 26 || len(all) != 26 || broadcast != 10 {
		t.Errorf("%d channels, %d different, %d broadcast; want 26, 26, 10", len(all), n, broadcast)
	}
}
