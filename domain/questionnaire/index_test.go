package questionnaire_test

import (
	"fmt"
	"maps"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// scoresOf counts scores by item on a scale of 1 to 5.
func scoresOf(t testing.TB, scores map[string][]int) map[string]statistics.Distribution {
	t.Helper()
	scale, err := statistics.NewScale(1, 5)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]statistics.Distribution{}
	for item, list := range scores {
		d := statistics.NewDistribution(scale)
		for _, s := range list {
			if err := d.Add(s, 1); err != nil {
				t.Fatal(err)
			}
		}
		all[item] = d
	}
	return all
}

func TestAnItemCountsByItsWeightHoweverManyAnsweredIt(t *testing.T) {
	t.Parallel()
	d, _ := parse(t, delivery).Find("delivery")
	first, _ := d.WeightsOf("first")
	x := d.IndexOf(scoresOf(t, map[string][]int{"P1": {5, 5, 5, 4}, "P2": {2}, "D1": nil}), first)
	// (19/4 + 2)/2
	if !equal(x.Value, rat(27, 8)) || x.Groups[1].Value != nil {
		t.Errorf("index %+v, want 27/8", x)
	}
	if statistics.Thousandths(x.Value) != 3375 {
		t.Errorf("%d thousandths, want 3375", statistics.Thousandths(x.Value))
	}
}

func TestAChangeOfWeightsIsToldFromAChangeOfScores(t *testing.T) {
	t.Parallel()
	d, _ := parse(t, delivery).Find("delivery")
	first, _ := d.WeightsOf("first")
	second, _ := d.WeightsOf("second")
	earlier := scoresOf(t, map[string][]int{"P1": {4}, "P2": {4}, "D1": {4}})
	later := scoresOf(t, map[string][]int{"P1": {5}, "P2": {3}, "D1": {2}})
	c, ok := d.ChangeOf(earlier, first, later, second)
	// From 4 to (4 + 2)/2 = 3 by the scores, then to (3·5 + 2)/4 by the weights.
	if !ok || !equal(c.Scores, rat(-1, 1)) || !equal(c.Weights, rat(5, 4)) {
		t.Errorf("change %+v %v, want -1 and 5/4", c, ok)
	}
	if c, ok := d.ChangeOf(nil, first, later, second); ok {
		t.Errorf("change %+v from nothing", c)
	}
}

func TestTheIndexOfARollUpIsTheSameForEveryPartitionOfTheAnswers(t *testing.T) {
	t.Parallel()
	d := find(t, "service")
	scale, _ := statistics.NewScale(1, 10)
	rapid.Check(t, func(t *rapid.T) {
		w := &questionnaire.Weights{Groups: map[string]int64{}, Items: map[string]int64{}}
		parts := make([]map[string]statistics.Distribution, rapid.IntRange(1, 5).Draw(t, "parts"))
		for i := range parts {
			parts[i] = map[string]statistics.Distribution{}
		}
		whole, sums, counts := map[string]statistics.Distribution{}, map[string]int64{}, map[string]int64{}
		for _, g := range d.Groups[:5] {
			w.Groups[g.Name] = rapid.Int64Range(0, 1000).Draw(t, "weight of group")
			for _, i := range g.Items {
				w.Items[i.ID] = rapid.Int64Range(0, 1000).Draw(t, "weight of item")
				for range rapid.IntRange(0, 3).Draw(t, "answers") {
					score := rapid.IntRange(1, 10).Draw(t, "score")
					into := parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")]
					one := statistics.NewDistribution(scale)
					if err := one.Add(score, 1); err != nil {
						t.Fatal(err)
					}
					merge(t, into, i.ID, one)
					sums[i.ID] += int64(score)
					counts[i.ID]++
				}
			}
		}
		for _, part := range rapid.Permutation(parts).Draw(t, "order") {
			for id, one := range part {
				merge(t, whole, id, one)
			}
		}
		if got, want := d.IndexOf(whole, w).Value, indexByHand(d, w, sums, counts); !equal(got, want) {
			t.Fatalf("index %v, want %v", got, want)
		}
	})
}

func merge(t *rapid.T, into map[string]statistics.Distribution, id string, one statistics.Distribution) {
	d, ok := into[id]
	if !ok {
		d = statistics.NewDistribution(one.Scale())
	}
	if err := d.Merge(one); err != nil {
		t.Fatal(err)
	}
	into[id] = d
}

// indexByHand computes Σ W·(Σ w·mean / Σ w) / Σ W over what was answered.
func indexByHand(d *questionnaire.Definition, w *questionnaire.Weights, sums, counts map[string]int64) *big.Rat {
	top, bottom := new(big.Rat), new(big.Rat)
	for _, g := range d.Groups {
		t, b := new(big.Rat), new(big.Rat)
		for _, i := range g.Items {
			if n := counts[i.ID]; n > 0 {
				t.Add(t, big.NewRat(w.Items[i.ID]*sums[i.ID], n))
				b.Add(b, big.NewRat(w.Items[i.ID], 1))
			}
		}
		if b.Sign() > 0 {
			weight := big.NewRat(w.Groups[g.Name], 1)
			top.Add(top, t.Mul(t.Quo(t, b), weight))
			bottom.Add(bottom, weight)
		}
	}
	if bottom.Sign() == 0 {
		return nil
	}
	return top.Quo(top, bottom)
}

func Example() {
	sales, _ := questionnaire.Default().Find("sales")
	yes, no, eight, five := true, false, int64(8), int64(5)
	reading, faults := sales.Read([]questionnaire.Answer{
		{Item: "S01", Score: &eight},
		{Item: "S11", Score: &five},
		{Item: "S15", NotApplicable: true},
		{Item: "S17", Yes: &yes},
		{Item: "S18", Yes: &no},
	})
	index := reading.Index(sales.Weights[0])
	fmt.Println("faults:", len(faults))
	fmt.Println("index:", index.Value.FloatString(3), "by the weights", index.Weights)
	fmt.Println("executed:", reading.Execution().Part, "of", reading.Execution().Whole)
	for _, low := range reading.Low() {
		fmt.Println("low:", low.Item.ID, low.Item.In("en"))
	}
	// Output:
	// faults: 0
	// index: 6.500 by the weights equal
	// executed: 1 of 2
	// low: S11 How well did we keep the agreed delivery date?
}

func BenchmarkReadAndIndex(b *testing.B) {
	d := find(b, "service")
	var answers []questionnaire.Answer
	for _, g := range d.Groups[:5] {
		for n, i := range g.Items {
			answers = append(answers, scored(i.ID, int64(5+n)))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		r, _ := d.Read(answers)
		_, _ = r.Thousandths(d.Weights[0])
	}
}

func TestAQuestionnaireIsNotChangedByReadingAnswers(t *testing.T) {
	t.Parallel()
	s := questionnaire.Default()
	before := string(s.Document())
	d, _ := s.Find("sales")
	weights := maps.Clone(d.Weights[0].Items)
	r, _ := d.Read([]questionnaire.Answer{scored("S01", 1), scored("S01", 2)})
	r.Index(d.Weights[0])
	r.Low()
	if string(s.Document()) != before || !maps.Equal(weights, d.Weights[0].Items) {
		t.Error("the questionnaire was changed")
	}
}
