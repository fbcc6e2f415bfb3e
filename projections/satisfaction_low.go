package projections

import (
	"github.com/rapport-crm/rapport/domain/statistics"
)

// LowItem is an item with low scores among those of its questionnaire and source.
type LowItem struct {
	Questionnaire string `json:"questionnaire"`
	Source        string `json:"source"`
	Group         string `json:"group"`
	Item          string `json:"item"`
	// Low is how many scores are low, Scores of how many.
	Low    int64 `json:"low"`
	Scores int64 `json:"scores"`
	// OfAll is the part of all low scores of the questionnaire and source, Cumulative that of this item and all before it.
	OfAll      float64 `json:"of_all"`
	Cumulative float64 `json:"cumulative"`
}

// addLowItems adds the Pareto analysis of low scores for each questionnaire and source. Items with too few scores are left
// out of it. There is none where rows stand for employees or roles: an answer belongs to several of them.
func (s *satisfaction) addLowItems(keys []tallyKey) {
	if s.filter.Group == GroupEmployee || s.filter.Group == GroupRole {
		return
	}
	sums := map[tallyKey]*tally{}
	var order []tallyKey
	for _, k := range keys {
		t := s.tallies[k]
		k = tallyKey{questionnaire: k.questionnaire, source: k.source}
		if sums[k] == nil {
			sums[k] = newTally(t.definition, false)
			order = append(order, k)
		}
		for item, n := range t.items {
			addCounts(sums[k].items, item, &n)
		}
	}
	for _, k := range order {
		s.LowItems = append(s.LowItems, s.lowItems(k, sums[k])...)
	}
}

func (s *satisfaction) lowItems(k tallyKey, t *tally) []LowItem {
	scores := map[string]statistics.Share{}
	low := map[string]int64{}
	for id := range t.items {
		if item, known := t.definition.Item(id); known && item.Group().Scale() != (statistics.Scale{}) {
			share := t.low(item)
			if figure := s.reporting.Share(share); !figure.Suppressed {
				scores[id], low[id] = share, share.Part
			}
		}
	}
	var items []LowItem
	for _, row := range statistics.Pareto(low) {
		item, _ := t.definition.Item(row.Name)
		cumulative, _ := row.Cumulative.Value()
		ofAll, _ := statistics.Share{Part: row.Count, Whole: row.Cumulative.Whole}.Value()
		items = append(items, LowItem{
			Questionnaire: k.questionnaire, Source: k.source, Group: item.Group().Name, Item: row.Name,
			Low: row.Count, Scores: scores[row.Name].Whole, OfAll: ofAll, Cumulative: cumulative,
		})
	}
	return items
}
