package questionnaire_test

import (
	"math/big"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
)

func scored(item string, score int64) questionnaire.Answer {
	return questionnaire.Answer{Item: item, Score: &score}
}

func said(item string, yes bool) questionnaire.Answer {
	return questionnaire.Answer{Item: item, Yes: &yes}
}

func wrote(item, text string) questionnaire.Answer {
	return questionnaire.Answer{Item: item, Text: &text}
}

func refused(item string) questionnaire.Answer {
	return questionnaire.Answer{Item: item, Refused: true}
}

func notApplicable(item string) questionnaire.Answer {
	return questionnaire.Answer{Item: item, NotApplicable: true}
}

func TestAnAnswerMustFitItsItem(t *testing.T) {
	t.Parallel()
	both := scored("S01", 5)
	both.NotApplicable = true
	const forms = "0 exactly_one must have exactly one of score, yes, text, refused and not_applicable"
	for name, v := range map[string]struct {
		questionnaire string
		answer        questionnaire.Answer
		want          string
	}{
		"lowest score":          {"sales", scored("S01", 1), ""},
		"highest score":         {"sales", scored("S16", 10), ""},
		"score below":           {"sales", scored("S01", 0), "0/score min must be between 1 and 10"},
		"score above":           {"service", scored("V01", 11), "0/score max must be between 1 and 10"},
		"recommended not":       {"nps", scored("NPS", 0), ""},
		"recommended below":     {"nps", scored("NPS", -1), "0/score min must be between 0 and 10"},
		"satisfied above":       {"csat", scored("CSAT", 6), "0/score max must be between 1 and 5"},
		"effort above":          {"ces", scored("CES", 8), "0/score max must be between 1 and 7"},
		"a huge score":          {"ces", scored("CES", 1<<53+1), "0/score max must be between 1 and 7"},
		"yes":                   {"sales", said("S17", true), ""},
		"no":                    {"sales", said("S17", false), ""},
		"words":                 {"service", wrote("comment", "quick"), ""},
		"refused":               {"sales", refused("S04"), ""},
		"refused execution":     {"sales", refused("S19"), ""},
		"does not apply":        {"service", notApplicable("V10"), ""},
		"another's item":        {"service", said("S17", true), "0/item oneof must be an item of the questionnaire"},
		"yes for a score":       {"sales", said("S01", true), "0/score required must be given, as the item asks for a score"},
		"score for yes":         {"sales", scored("S18", 9), "0/yes required must be given, as the item asks for yes or no"},
		"score for words":       {"sales", scored("comment", 9), "0/text required must be given, as the item asks for words"},
		"nothing":               {"sales", questionnaire.Answer{Item: "S01"}, forms},
		"score and no answer":   {"sales", both, forms},
		"an answer to no thing": {"sales", scored("", 5), "0/item oneof must be an item of the questionnaire"},
	} {
		r, faults := find(t, v.questionnaire).Read([]questionnaire.Answer{v.answer})
		got := tell(faults)
		if v.want == "" && (len(got) > 0 || len(r.Results) != 1) || v.want != "" && (!slices.Equal(got, []string{v.want}) || len(r.Results) > 0) {
			t.Errorf("%s: %d results and the faults %v, want %v", name, len(r.Results), got, v.want)
		}
	}
}

// tell writes each fault as its place, rule and message.
func tell(faults []questionnaire.AnswerFault) []string {
	var told []string
	for _, f := range faults {
		place := strconv.Itoa(f.Answer)
		if f.Member != "" {
			place += "/" + f.Member
		}
		told = append(told, place+" "+f.Rule+" "+f.Message)
	}
	return told
}

func TestTheFirstOfTwoAnswersCountsAndFaultsDoNotSpoilTheRest(t *testing.T) {
	t.Parallel()
	r, faults := find(t, "nps").Read([]questionnaire.Answer{scored("X", 1), scored("NPS", 11), scored("NPS", 9), scored("NPS", 2), refused("comment")})
	want := []string{
		"0/item oneof must be an item of the questionnaire",
		"1/score max must be between 0 and 10",
		"3/item unique must not be answered twice",
	}
	if got := tell(faults); !slices.Equal(got, want) || len(r.Results) != 2 || *r.Results[0].Score != 9 || r.Definition().Name != "nps" {
		t.Errorf("faults %v and results %+v", got, r.Results)
	}
}

func TestRefusedAndNotApplicableAreNotLow(t *testing.T) {
	t.Parallel()
	r, faults := find(t, "sales").Read([]questionnaire.Answer{
		scored("S01", 6), scored("S02", 7), refused("S03"), notApplicable("S04"), said("S17", false), scored("S05", 1), wrote("comment", "1"),
	})
	low := r.Low()
	if len(faults) > 0 || len(low) != 2 || low[0].Item.ID != "S01" || low[1].Item.ID != "S05" {
		t.Errorf("faults %v, low %+v", faults, low)
	}
	r, _ = find(t, "csat").Read([]questionnaire.Answer{scored("CSAT", 3)})
	if low := r.Low(); low != nil {
		t.Errorf("3 of 5 is low: %+v", low)
	}
}

func TestTheRateOfExecutionCountsYesAndNoOnly(t *testing.T) {
	t.Parallel()
	r, _ := find(t, "sales").Read([]questionnaire.Answer{said("S17", true), said("S18", false), notApplicable("S19"), scored("S01", 3)})
	if got := r.Execution(); got != (statistics.Share{Part: 1, Whole: 2}) {
		t.Errorf("execution %+v, want 1 of 2", got)
	}
	r, _ = find(t, "service").Read([]questionnaire.Answer{scored("V01", 3)})
	if _, ok := r.Execution().Value(); ok {
		t.Error("a rate of execution without answers")
	}
}

func TestTheAnswersOfAnEventAreAnswers(t *testing.T) {
	t.Parallel()
	event := domain.SurveyAnswered{Answers: []domain.Answer{{Item: "NPS", Score: new(int64(9))}, {Item: "comment", Refused: true}}}
	var answers []questionnaire.Answer
	for _, a := range event.Answers {
		answers = append(answers, questionnaire.Answer(a))
	}
	if r, faults := find(t, "nps").Read(answers); len(faults) > 0 || *r.Results[0].Score != 9 || !r.Results[1].Refused {
		t.Errorf("faults %v, results %+v", faults, r.Results)
	}
}

// rat returns a/b, or nil when b is 0.
func rat(a, b int64) *big.Rat {
	if b == 0 {
		return nil
	}
	return big.NewRat(a, b)
}

func equal(a, b *big.Rat) bool { return (a == nil) == (b == nil) && (a == nil || a.Cmp(b) == 0) }

func TestTheIndexWeighsItemsWithinGroupsAndGroups(t *testing.T) {
	t.Parallel()
	d, _ := parse(t, delivery).Find("delivery")
	for name, v := range map[string]struct {
		weights               string
		answers               []questionnaire.Answer
		whole, parcel, driver *big.Rat
	}{
		// (5 + 2)/2 = 3.5 and 4; equal groups.
		"equal": {"first", []questionnaire.Answer{scored("P1", 5), scored("P2", 2), scored("D1", 4)}, rat(15, 4), rat(7, 2), rat(4, 1)},
		// P2 counts nothing; (3·5 + 4)/4.
		"weighted":             {"second", []questionnaire.Answer{scored("P1", 5), scored("P2", 2), scored("D1", 4)}, rat(19, 4), rat(5, 1), rat(4, 1)},
		"an item is missing":   {"first", []questionnaire.Answer{scored("P1", 5), refused("P2"), scored("D1", 4)}, rat(9, 2), rat(5, 1), rat(4, 1)},
		"a group is missing":   {"first", []questionnaire.Answer{scored("P1", 5), notApplicable("D1")}, rat(5, 1), rat(5, 1), nil},
		"only what is nothing": {"second", []questionnaire.Answer{scored("P2", 5)}, nil, nil, nil},
		"only a promoter":      {"first", []questionnaire.Answer{scored("R1", 10)}, nil, nil, nil},
		"nothing":              {"first", nil, nil, nil, nil},
	} {
		w, _ := d.WeightsOf(v.weights)
		r, faults := d.Read(v.answers)
		x := r.Index(w)
		if len(faults) > 0 || x.Weights != v.weights || !equal(x.Value, v.whole) || len(x.Groups) != 2 ||
			!equal(x.Groups[0].Value, v.parcel) || !equal(x.Groups[1].Value, v.driver) {
			t.Errorf("%s: %+v, want %v of %v and %v", name, x, v.whole, v.parcel, v.driver)
		}
	}
	r, _ := find(t, "nps").Read([]questionnaire.Answer{scored("NPS", 10)})
	if x := r.Index(nil); x.Value != nil || x.Groups != nil {
		t.Errorf("a questionnaire without index has %+v", x)
	}
}

func TestTheQuickIndexIsTheIndexInThousandths(t *testing.T) {
	t.Parallel()
	all := []*questionnaire.Definition{find(t, "sales"), find(t, "service"), find(t, "nps")}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(all).Draw(t, "questionnaire")
		most := rapid.SampledFrom([]int64{1, 3, 1000}).Draw(t, "greatest weight")
		w := &questionnaire.Weights{Groups: map[string]int64{}, Items: map[string]int64{}}
		var answers []questionnaire.Answer
		for _, g := range d.Groups {
			w.Groups[g.Name] = rapid.Int64Range(0, most).Draw(t, "weight of group")
			for _, i := range g.Items {
				w.Items[i.ID] = rapid.Int64Range(0, most).Draw(t, "weight of item")
				switch {
				case g.Scale().High() == 0 || rapid.IntRange(0, 9).Draw(t, "whether") == 0:
					answers = append(answers, refused(i.ID))
				default:
					answers = append(answers, scored(i.ID, int64(rapid.IntRange(g.Scale().Low(), g.Scale().High()).Draw(t, "score"))))
				}
			}
		}
		r, faults := d.Read(answers)
		if len(faults) > 0 {
			t.Fatal(tell(faults))
		}
		got, ok := r.Thousandths(w)
		want := r.Index(w).Value
		if ok != (want != nil) || ok && got != statistics.Thousandths(want) {
			t.Fatalf("%d %v thousandths of %v", got, ok, want)
		}
	})
	r, _ := find(t, "csat").Read([]questionnaire.Answer{scored("CSAT", 4)})
	if v, ok := r.Thousandths(nil); ok {
		t.Errorf("%d without weights", v)
	}
}
