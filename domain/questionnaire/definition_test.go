package questionnaire_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
)

func find(t testing.TB, name string) *questionnaire.Definition {
	t.Helper()
	d, ok := questionnaire.Default().Find(name)
	if !ok {
		t.Fatalf("no questionnaire %s", name)
	}
	return d
}

// shape lists the groups of a questionnaire with measure and number of items.
func shape(d *questionnaire.Definition) string {
	var list []string
	for _, g := range d.Groups {
		list = append(list, fmt.Sprintf("%s %s %d", g.Name, g.Measure, len(g.Items)))
	}
	return strings.Join(list, ", ")
}

func TestTheBuiltInQuestionnairesHaveTheGroupsOfTheInventory(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sales": "premises index 4, viewing index 3, price index 3, handover index 4, follow_up index 2, " +
			"standards execution 3, remarks comment 1",
		"service": "workshop index 3, process index 7, repair index 3, charges index 3, timeliness index 2, remarks comment 1",
		"nps":     "recommendation nps 1, remarks comment 1",
		"csat":    "satisfaction csat 1, remarks comment 1",
		"ces":     "effort ces 1, remarks comment 1",
	} {
		if got := shape(find(t, name)); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	if n := len(questionnaire.Default().Definitions); n != 5 {
		t.Errorf("%d questionnaires, want 5", n)
	}
}

func TestTheBuiltInItemsAreNumberedInOrderAndAskedInBothLanguages(t *testing.T) {
	t.Parallel()
	want := map[string][]string{"nps": {"NPS"}, "csat": {"CSAT"}, "ces": {"CES"}}
	for i := 1; i <= 19; i++ {
		want["sales"] = append(want["sales"], fmt.Sprintf("S%02d", i))
	}
	for i := 1; i <= 18; i++ {
		want["service"] = append(want["service"], fmt.Sprintf("V%02d", i))
	}
	for _, d := range questionnaire.Default().Definitions {
		var ids []string
		texts := map[string]bool{}
		for _, g := range d.Groups {
			for _, i := range g.Items {
				if found, ok := d.Item(i.ID); !ok || found != i || i.Group() != g {
					t.Errorf("%s: item %s is not found in its group", d.Name, i.ID)
				}
				if i.EN == "" || i.ZH == "" || texts[i.EN] || texts[i.ZH] {
					t.Errorf("%s: item %s is not asked in words of its own in both languages", d.Name, i.ID)
				}
				texts[i.EN], texts[i.ZH] = true, true
				if g.Measure != questionnaire.Comment {
					ids = append(ids, i.ID)
				}
			}
			if g.Title.EN == "" || g.Title.ZH == "" || d.Title.ZH == "" {
				t.Errorf("%s: group %s has no title in both languages", d.Name, g.Name)
			}
		}
		if !slices.Equal(ids, want[d.Name]) {
			t.Errorf("%s has the items %v, want %v", d.Name, ids, want[d.Name])
		}
	}
}

func TestEachMeasureHasItsScaleAndItsLowScores(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		questionnaire, item string
		low, high, greatest int
	}{
		{"sales", "S01", 1, 10, 6}, {"service", "V18", 1, 10, 6}, {"nps", "NPS", 0, 10, 6}, {"csat", "CSAT", 1, 5, 2}, {"ces", "CES", 1, 7, 3},
		{"sales", "S17", 0, 0, 0}, {"sales", "comment", 0, 0, 0},
	} {
		i, ok := find(t, v.questionnaire).Item(v.item)
		if !ok {
			t.Errorf("no item %s in %s", v.item, v.questionnaire)
			continue
		}
		want := statistics.Scale{}
		if v.high > 0 {
			var err error
			if want, err = statistics.NewScale(v.low, v.high); err != nil {
				t.Fatal(err)
			}
		}
		if g := i.Group(); g.Scale() != want || g.Low != v.greatest {
			t.Errorf("%s has the scale %v and low scores up to %d, want %v and %d", v.item, g.Scale(), g.Low, want, v.greatest)
		}
	}
}

func TestAMissingChineseTextIsGivenInEnglish(t *testing.T) {
	t.Parallel()
	both, one := questionnaire.Wording{EN: "Price", ZH: "价格"}, questionnaire.Wording{EN: "Price"}
	if both.In("zh") != "价格" || both.In("en") != "Price" || one.In("zh") != "Price" || both.In("de") != "Price" {
		t.Errorf("%s %s %s %s", both.In("zh"), both.In("en"), one.In("zh"), both.In("de"))
	}
}
