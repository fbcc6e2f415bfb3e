package projections_test

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
)

func TestARowIsWhatARecountOfItsAnswersGives(t *testing.T) {
	t.Parallel()
	policy, err := domain.ParsePolicy([]byte(visits + "satisfaction: {least: 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	fold := projections.NewFold(policy)
	rapid.Check(t, func(t *rapid.T) {
		surveys := drawSurveys(t)
		for i := range surveys {
			surveys[i].unit = cmp.Or(surveys[i].unit, "b/q")
		}
		filter := projections.SatisfactionFilter{
			OrgUnit: rapid.SampledFrom([]string{"", "b/r"}).Draw(t, "within"), Depth: rapid.IntRange(0, 2).Draw(t, "depth"),
			Mode:  rapid.SampledFrom([]domain.SurveyMode{"", domain.SurveyWeb}).Draw(t, "only mode"),
			Role:  rapid.SampledFrom([]string{"", "technician"}).Draw(t, "only role"),
			Group: rapid.SampledFrom([]projections.SatisfactionGroup{"", "org_unit", "employee", "role", "month", "mode"}).Draw(t, "group"),
		}
		want := rowsByHand(policy, surveys, &filter)
		report := reportOf(t, fold, surveys, filter)
		if len(report.Rows) != len(want) {
			t.Fatalf("%d rows, want %d", len(report.Rows), len(want))
		}
		for i := range report.Rows {
			row := &report.Rows[i]
			hand := want[[4]string{row.Questionnaire, row.Source, row.Value, row.Role}]
			if hand == nil {
				t.Fatalf("row %+v is of nothing", row)
			}
			hand.check(t, policy, row)
		}
	})
}

// byHand is what was answered in one row.
type byHand struct {
	surveys int64
	scores  map[string][]int
	yes, no int64
	refused int64
}

// rowsByHand sorts the answers into rows.
func rowsByHand(policy *domain.Policy, surveys []given, filter *projections.SatisfactionFilter) map[[4]string]*byHand {
	rows := map[[4]string]*byHand{}
	for _, g := range surveys {
		if !strings.HasPrefix(g.unit, filter.OrgUnit) || filter.Mode != "" && g.Mode != filter.Mode {
			continue
		}
		for _, k := range rowKeys(policy, &g, filter) {
			row := rows[k]
			if row == nil {
				row = &byHand{scores: map[string][]int{}}
				rows[k] = row
			}
			row.surveys++
			for _, a := range g.Answers {
				row.add(a)
			}
		}
	}
	return rows
}

// rowKeys returns the rows a survey belongs to.
func rowKeys(policy *domain.Policy, g *given, filter *projections.SatisfactionFilter) [][4]string {
	k := [4]string{g.Questionnaire, string(g.Source)}
	switch filter.Group {
	case projections.GroupMonth:
		k[2] = domain.DateOf(g.at, policy.Location()).Month().String()
	case projections.GroupMode:
		k[2] = string(g.Mode)
	case projections.GroupOrgUnit:
		steps := strings.Split(g.unit, "/")
		if filter.Depth > 0 {
			steps = steps[:min(filter.Depth, len(steps))]
		}
		k[2] = strings.Join(steps, "/")
	}
	if filter.Role == "" && filter.Group != projections.GroupEmployee && filter.Group != projections.GroupRole {
		return [][4]string{k}
	}
	var keys [][4]string
	for role, employee := range g.Employees {
		if filter.Role != "" && role != filter.Role {
			continue
		}
		of := k
		switch filter.Group {
		case projections.GroupEmployee:
			of[2], of[3] = employee, role
		case projections.GroupRole:
			of[3] = role
		}
		keys = append(keys, of)
	}
	return keys
}

func (r *byHand) add(a domain.Answer) {
	switch {
	case a.Score != nil:
		r.scores[a.Item] = append(r.scores[a.Item], int(*a.Score))
	case a.Yes != nil && *a.Yes:
		r.yes++
	case a.Yes != nil:
		r.no++
	case a.Refused:
		r.refused++
	}
}

func (r *byHand) check(t *rapid.T, policy *domain.Policy, row *projections.SatisfactionRow) {
	var index []int
	for _, item := range []string{"A", "B", "C"} {
		index = append(index, r.scores[item]...)
	}
	if row.Surveys != r.surveys || row.Refused != r.refused || (row.Scores == nil) && len(index) > 0 {
		t.Fatalf("row %+v, by hand %+v", row, r)
	}
	if row.Scores != nil && (row.Scores.Count != int64(len(index)) || len(index) > 0 && *row.Scores.Mean != mean(index)) {
		t.Fatalf("scores %+v, by hand %v", row.Scores, index)
	}
	promoters := append(slices.Clone(r.scores["N"]), r.scores["NPS"]...)
	if row.NPS != nil && len(promoters) > 0 {
		var net int
		for _, score := range promoters {
			switch {
			case score >= 9:
				net++
			case score <= 6:
				net--
			}
		}
		if want := 100 * float64(net) / float64(len(promoters)); math.Abs(*row.NPS.Score-want) > 1e-9 {
			t.Fatalf("net promoter score %v, by hand %v", *row.NPS.Score, want)
		}
	} else if len(promoters) > 0 {
		t.Fatal("no net promoter score")
	}
	if row.Execution != nil && (row.Execution.Count != r.yes+r.no || *row.Execution.Value != float64(r.yes)/float64(r.yes+r.no)) {
		t.Fatalf("execution %+v, by hand %d of %d", row.Execution, r.yes, r.yes+r.no)
	}
	if row.Index != nil && row.Questionnaire == "visit" {
		r.checkIndex(t, policy, row.Index)
	}
}

func (r *byHand) checkIndex(t *rapid.T, policy *domain.Policy, index *projections.IndexFigure) {
	d, _ := policy.Questionnaires.Find("visit")
	w, _ := d.WeightsOf(index.Weights)
	x := d.IndexOf(distributions(d, r.scores), w)
	if (x.Value == nil) != (index.Value == nil) {
		t.Fatalf("index %v, by hand %v", index.Value, x.Value)
	}
	if want, _ := new(big.Float).SetRat(cmp.Or(x.Value, new(big.Rat))).Float64(); index.Value != nil && *index.Value != want {
		t.Fatalf("index %v, by hand %v", *index.Value, want)
	}
}

func distributions(d *questionnaire.Definition, scores map[string][]int) map[string]statistics.Distribution {
	all := map[string]statistics.Distribution{}
	for id, list := range scores {
		item, known := d.Item(id)
		if !known {
			continue
		}
		counts := statistics.NewDistribution(item.Group().Scale())
		for _, s := range list {
			if err := counts.Add(s, 1); err != nil {
				panic(err)
			}
		}
		all[id] = counts
	}
	return all
}

func mean(list []int) float64 {
	sum := 0
	for _, v := range list {
		sum += v
	}
	return float64(sum) / float64(len(list))
}
