package projections

import (
	"cmp"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// tallyKey names a row of a report on satisfaction. Questionnaires and sources are always apart.
type tallyKey struct {
	questionnaire, source, value, role string
}

func (k tallyKey) compare(o tallyKey) int {
	return cmp.Or(strings.Compare(k.questionnaire, o.questionnaire), strings.Compare(k.value, o.value),
		strings.Compare(k.role, o.role), strings.Compare(k.source, o.source))
}

// tally is what was counted for a row.
type tally struct {
	definition *questionnaire.Definition
	// bySurvey says that surveys are counted by their index. Otherwise it is scores: those of items of the main measure.
	bySurvey bool
	main     questionnaire.Measure
	// items are the answers by item, and earlier those in the months before.
	items, earlier map[string]CellCounts
	surveys        CellCounts
	// months and modes hold the moments of the indices or of the scores, in thousandths.
	months map[domain.Month]statistics.Moments
	modes  map[string]modeTally
	// leftOut counts answers that do not fit the questionnaire any more.
	leftOut int64
}

// modeTally is what was answered in one mode.
type modeTally struct {
	surveys int64
	moments statistics.Moments
}

func newTally(d *questionnaire.Definition, bySurvey bool) *tally {
	return &tally{
		definition: d, bySurvey: bySurvey, items: map[string]CellCounts{}, earlier: map[string]CellCounts{},
		months: map[domain.Month]statistics.Moments{}, modes: map[string]modeTally{},
	}
}

// addSurveys counts surveys of the period.
func (t *tally) addSurveys(c *CellCount) {
	t.surveys.add(&c.Counts)
	mode := t.modes[c.Names[surveyNameMode]]
	mode.surveys += c.Counts[SurveyCount]
	if t.bySurvey {
		m := statistics.Moments{Count: c.Counts[SurveyIndexed], Sum: c.Counts[SurveyIndex], Squares: c.Counts[SurveySquares]}
		mode.moments.Merge(m)
		t.addMonth(c.Month, m)
	}
	t.modes[c.Names[surveyNameMode]] = mode
}

func (t *tally) addMonth(month domain.Month, m statistics.Moments) {
	sum := t.months[month]
	sum.Merge(m)
	t.months[month] = sum
}

// addAnswers counts the answers to an item in the period.
func (t *tally) addAnswers(c *CellCount, item *questionnaire.Item) {
	addCounts(t.items, item.ID, &c.Counts)
	d, strange := distributionOf(item, &c.Counts)
	t.leftOut += strange
	if t.bySurvey || item.Group().Measure != t.main {
		return
	}
	m := d.Moments()
	m.Sum, m.Squares = 1000*m.Sum, 1_000_000*m.Squares
	mode := t.modes[c.Names[surveyNameMode]]
	mode.moments.Merge(m)
	t.modes[c.Names[surveyNameMode]] = mode
	t.addMonth(c.Month, m)
}

func addCounts(to map[string]CellCounts, item string, n *CellCounts) {
	sum := to[item]
	sum.add(n)
	to[item] = sum
}

// distributionOf returns the scores among the counts of an item, none where there are no scores, and how many are not on
// its scale.
func distributionOf(item *questionnaire.Item, n *CellCounts) (statistics.Distribution, int64) {
	d := statistics.NewDistribution(item.Group().Scale())
	if d.Scale() == (statistics.Scale{}) {
		return d, 0
	}
	var strange int64
	for score := range AnswerRefused {
		if n[score] != 0 && d.Add(score, n[score]) != nil {
			strange += n[score]
		}
	}
	return d, strange
}

// distributions returns the scores of items by id.
func (t *tally) distributions(of map[string]CellCounts) map[string]statistics.Distribution {
	all := make(map[string]statistics.Distribution, len(of))
	for id, n := range of {
		if item, known := t.definition.Item(id); known && item.Group().Measure == questionnaire.Index {
			all[id], _ = distributionOf(item, &n)
		}
	}
	return all
}

// scores returns the scores of all items of a measure together; false when none was asked.
func (t *tally) scores(measure questionnaire.Measure) (statistics.Distribution, bool) {
	var sum statistics.Distribution
	found := false
	for id, n := range t.items {
		item, known := t.definition.Item(id)
		if !known || item.Group().Measure != measure {
			continue
		}
		d, _ := distributionOf(item, &n)
		if !found {
			sum, found = statistics.NewDistribution(d.Scale()), true
		}
		// All items of a measure have one scale.
		if err := sum.Merge(d); err != nil {
			t.leftOut += d.Count()
		}
	}
	return sum, found
}

// moments returns the moments of all months.
func (t *tally) moments() statistics.Moments {
	var m statistics.Moments
	for _, of := range t.months {
		m.Merge(of)
	}
	return m
}

// low returns the scores of an item, and how many of them are low.
func (t *tally) low(item *questionnaire.Item) statistics.Share {
	n := t.items[item.ID]
	d, _ := distributionOf(item, &n)
	return d.AtMost(item.Group().Low)
}
