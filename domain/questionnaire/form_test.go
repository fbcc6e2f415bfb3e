package questionnaire_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/questionnaire"
)

// delivery is a questionnaire of a user.
const delivery = `
questionnaires:
  - name: delivery
    title: {en: Delivery, zh: 送货}
    scale: {low: 1, high: 5}
    groups:
      - name: parcel
        title: {en: Parcel}
        low: 2
        items:
          - {id: P1, en: "Was it whole?"}
          - {id: P2, en: "Was it complete?"}
      - name: driver
        title: {en: Driver}
        low: 3
        items: [{id: D1, en: "Was the driver polite?"}]
      - name: word
        title: {en: Word}
        measure: nps
        items: [{id: R1, en: "Will you recommend us?"}]
    weights:
      - version: first
      - version: second
        from: 2026-07-01T00:00:00+08:00
        groups: {parcel: 3}
        items: {P2: 0}
`

func parse(t testing.TB, doc string) *questionnaire.Set {
	t.Helper()
	s, err := questionnaire.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADocumentAddsToTheBuiltInQuestionnaires(t *testing.T) {
	t.Parallel()
	s := parse(t, delivery)
	d, ok := s.Find("delivery")
	if !ok || len(s.Definitions) != 6 || shape(d) != "parcel index 2, driver index 1, word nps 1" {
		t.Fatalf("%d questionnaires, delivery %v", len(s.Definitions), ok)
	}
	if d.Groups[0].Low != 2 || d.Groups[1].Low != 3 || d.Groups[2].Low != 6 || d.Groups[0].Scale().High() != 5 || d.Groups[2].Scale().High() != 10 {
		t.Errorf("groups %+v %+v %+v", d.Groups[0], d.Groups[1], d.Groups[2])
	}
	if _, ok := s.Find("unheard"); ok {
		t.Error("found what is not there")
	}
}

func TestADocumentReplacesAQuestionnaireByItsName(t *testing.T) {
	t.Parallel()
	s := parse(t, strings.ReplaceAll(delivery, "name: delivery", "name: service"))
	d, _ := s.Find("service")
	if len(s.Definitions) != 5 || s.Definitions[1] != d || d.Title.EN != "Delivery" {
		t.Errorf("%d questionnaires, service is %s", len(s.Definitions), d.Title.EN)
	}
}

func TestADocumentThatWasWrittenReadsBackEqual(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{"built-in": "", "comment only": "# nothing", "null": "null", "own": delivery} {
		s := parse(t, doc)
		again := parse(t, string(s.Document()))
		if !reflect.DeepEqual(s, again) || string(s.Document()) != string(again.Document()) {
			t.Errorf("%s: read back\n%s", name, again.Document())
		}
	}
	if !reflect.DeepEqual(parse(t, string(questionnaire.DefaultDocument())), questionnaire.Default()) {
		t.Error("the default document differs from the built-in questionnaires")
	}
}

func TestTheWeightsInForceDependOnTheInstant(t *testing.T) {
	t.Parallel()
	d, _ := parse(t, delivery).Find("delivery")
	change := time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]string{
		{}: "first", change.Add(-1): "first", change: "second", change.AddDate(10, 0, 0): "second",
	} {
		if w := d.WeightsAt(at); w.Version != want {
			t.Errorf("at %v the weights are %s, want %s", at, w.Version, want)
		}
	}
	if w, ok := d.WeightsOf("second"); !ok || w.Groups["parcel"] != 3 {
		t.Errorf("second weights %+v", w)
	}
	if _, ok := d.WeightsOf("third"); ok {
		t.Error("third weights")
	}
	if w := find(t, "sales").WeightsAt(change); w.Version != "equal" {
		t.Errorf("sales has the weights %s, want equal", w.Version)
	}
	if w := find(t, "nps").WeightsAt(change); w != nil {
		t.Errorf("nps has the weights %+v", w)
	}
}

func TestABadDocumentNamesEveryFieldAndItsRule(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ old, replacement, want string }{
		"unknown name":         {"scale: {", "scales: {", "questionnaires[0].scales is not a name of this form"},
		"unknown name on top":  {"questionnaires:", "questions: 1\nquestionnaires:", "questions is not a name of this form"},
		"given twice":          {"low: 3", "low: 3\n        low: 3", "questionnaires[0].groups[1].low is given twice"},
		"no name":              {"- name: delivery\n    title:", "- title:", "questionnaires[0].name must be given"},
		"a strange name":       {"name: delivery", "name: de livery", "questionnaires[0].name must have 1 to 64 letters"},
		"a null name":          {"name: delivery", "name: ~", "questionnaires[0].name must have 1 to 64 letters"},
		"no English":           {"{en: Delivery, zh: 送货}", "{zh: 送货}", "questionnaires[0].title.en must be given"},
		"no title":             {"title: {en: Delivery, zh: 送货}\n", "\n", "questionnaires[0].title must be given"},
		"no title of a group":  {"title: {en: Driver}\n", "\n", "questionnaires[0].groups[1].title must be given"},
		"no question":          {`{id: P1, en: "Was it whole?"}`, "{id: P1}", "questionnaires[0].groups[0].items[0].en must be given"},
		"a question in lines":  {`"Was it whole?"`, `"Was it\nwhole?"`, "items[0].en must be a text of 1 to 500 characters on one line"},
		"a number as question": {`"Was it whole?"`, `5`, "items[0].en must be a text of 1 to 500 characters"},
		"no id":                {`id: P2, `, ``, "questionnaires[0].groups[0].items[1].id must be given"},
		"the same id":          {`id: D1`, `id: P2`, "questionnaires[0].groups[1].items[0].id must differ from those before"},
		"the same group":       {`name: driver`, `name: parcel`, "questionnaires[0].groups[1].name must differ from those before"},
		"no items":             {`[{id: D1, en: "Was the driver polite?"}]`, `[]`, "questionnaires[0].groups[1].items must be given"},
		"a measure":            {"measure: nps", "measure: npx", "groups[2].measure must be one of index, nps, csat, ces, execution, comment"},
		"a scale upside down":  {"{low: 1, high: 5}", "{low: 5, high: 1}", "questionnaires[0].scale must run from a lower to a higher"},
		"a scale of nothing":   {"{low: 1, high: 5}", "{low: 0, high: 0}", "questionnaires[0].scale must run from a lower to a higher"},
		"a scale beyond ten":   {"{low: 1, high: 5}", "{low: 5, high: 11}", "questionnaires[0].scale must run from a lower to a higher"},
		"half a score":         {"{low: 1, high: 5}", "{low: 1.5, high: 5}", "questionnaires[0].scale.low must be a whole number"},
		"a low score too high": {"low: 3", "low: 5", "questionnaires[0].groups[1].low must be between 1 and 4"},
		"a low score of zero":  {"low: 3", "low: 0", "questionnaires[0].groups[1].low must be at least 1"},
		"the low score of ten": {"        low: 3\n", "", "questionnaires[0].groups[1].low must be between 1 and 4"},
		"low without scores":   {"low: 3", "low: 3\n        measure: comment", "groups[1].low must not be given"},
		"the same weights":     {"version: second", "version: first", "questionnaires[0].weights[1].version must differ"},
		"weights without from": {"        from: 2026-07-01T00:00:00+08:00\n", "", "weights[1].from must be later"},
		"a date without time":  {"2026-07-01T00:00:00+08:00", "2026-07-01", "weights[1].from must be a time such as"},
		"first weights later":  {"version: first", "version: first\n        from: 2026-01-01T00:00:00Z", "weights[0].from must not be given"},
		"weights of no group":  {"{parcel: 3}", "{parcels: 3}", "weights[1].groups.parcels must be a group of the index"},
		"weights of nps":       {"{parcel: 3}", "{word: 3}", "weights[1].groups.word must be a group of the index"},
		"weights of no item":   {"{P2: 0}", "{P3: 0}", "weights[1].items.P3 must be an item of the index"},
		"weights of an nps":    {"{P2: 0}", "{R1: 0}", "weights[1].items.R1 must be an item of the index"},
		"a negative weight":    {"{P2: 0}", "{P2: -1}", "weights[1].items.P2 must be between 0 and 1000"},
		"a weight in words":    {"{P2: 0}", "{P2: much}", "weights[1].items.P2 must be a whole number"},
		"no weight at all":     {"{parcel: 3}", "{parcel: 0, driver: 0}", "weights[1] must leave a group"},
		"no list":              {"questionnaires:", "questionnaires: 5\nx:", "questionnaires must be a list"},
		"no mapping":           {"title: {en: Driver}", "title: Driver", "questionnaires[0].groups[1].title must be a mapping"},
		"an alias":             {"title: {en: Driver}", "title: *a", "must be YAML"},
		"two documents":        {"questionnaires:", "---\n{}\n---\nquestionnaires:", "document must be one YAML document"},
		"no YAML":              {"questionnaires:", "questionnaires: [", "document must be YAML"},
		"a list as document":   {delivery, "[]", "document must be a mapping"},
		"no groups":            {delivery, "questionnaires: [{name: a, title: {en: A}}]", "questionnaires[0].groups must be given"},
		"two of a name":        {delivery, "questionnaires: [{name: a}, {name: a}]", "questionnaires[1].name must differ"},
		"weights and no index": {
			delivery, "questionnaires: [{name: a, title: {en: A}, scale: {low: 1, high: 5}, weights: [{version: w}], groups: " +
				"[{name: g, title: {en: G}, measure: ces, items: [{id: i, en: I}]}]}]",
			"questionnaires[0].scale must not be given, as no group belongs to an index; " +
				"questionnaires[0].weights must not be given, as no group belongs to an index",
		},
		"too many elements": {
			delivery, "questionnaires: [" + strings.Repeat("{name: a},", 101) + "]", "questionnaires must have at most 100 elements",
		},
	} {
		doc := strings.Replace(delivery, v.old, v.replacement, 1)
		if doc == delivery {
			t.Errorf("%s: nothing was replaced", name)
		}
		_, err := questionnaire.Parse([]byte(doc))
		var faults *questionnaire.Error
		if !errors.As(err, &faults) || len(faults.Faults) == 0 || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %v, want %s", name, err, v.want)
		}
	}
}

func TestAllFaultsAreListedAndEachFieldOnce(t *testing.T) {
	t.Parallel()
	_, err := questionnaire.Parse([]byte("questionnaires: [{name: '', title: 1, groups: [{measure: x}]}]"))
	want := "invalid questionnaires: questionnaires[0].name must have 1 to 64 letters, digits, points, hyphens or underscores; " +
		"questionnaires[0].title must be a mapping of names to values; " +
		"questionnaires[0].groups[0].name must be given; questionnaires[0].groups[0].title must be given; " +
		"questionnaires[0].groups[0].items must be given; " +
		"questionnaires[0].groups[0].measure must be one of index, nps, csat, ces, execution, comment"
	if err == nil || !strings.HasPrefix(err.Error(), "invalid questionnaires: ") {
		t.Fatalf("error %v", err)
	}
	for _, part := range strings.Split(strings.TrimPrefix(want, "invalid questionnaires: "), "; ") {
		if strings.Count(err.Error(), part) != 1 {
			t.Errorf("%v does not say once: %s", err, part)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(delivery))
	f.Add(questionnaire.DefaultDocument())
	f.Add([]byte("a: &a [*a]\nquestionnaires: *a"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := questionnaire.Parse(doc)
		if err != nil {
			return
		}
		again, err := questionnaire.Parse(s.Document())
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("the document reads back differently: %v\n%s", err, s.Document())
		}
	})
}
