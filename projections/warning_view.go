package projections

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// WarningView is a churn warning as people see it.
type WarningView struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	OrgUnit  string `json:"org_unit,omitempty"`
	// Employee is who is to deal with it: to whom it is assigned, else the owner of the customer who was assigned first.
	Employee string         `json:"employee,omitempty"`
	Open     bool           `json:"open"`
	RaisedAt domain.Instant `json:"raised_at"`
	// EndedAt is when it ended, null while it is open.
	EndedAt domain.Instant `json:"ended_at"`
	// IsSnoozed says that it is not to be shown for now.
	IsSnoozed bool `json:"is_snoozed"`
	// IsUnanswered says that it waits for an answer: nobody has acknowledged it or had it assigned since it was raised, shown
	// again, or taken from an employee.
	IsUnanswered bool `json:"is_unanswered"`
	// AnswerDueAt is when the next step of the escalation is due, or, when one was told since it waits for an answer, when the
	// first of them was; left out when it does not wait for one or the policy gives it no time.
	AnswerDueAt domain.Instant `json:"answer_due_at,omitzero"`
	WarningDetail
}

// Warning returns the case of a warning as people see it at an instant. It fails on a case of another kind.
func (c *Case) Warning(at domain.Instant) (*WarningView, error) {
	v := &WarningView{
		ID: c.ID, Customer: c.Customer, OrgUnit: c.OrgUnit, Employee: c.Holder, Open: c.Ended == 0, RaisedAt: c.Opened,
		EndedAt: c.Ended, IsSnoozed: c.Waits > at, IsUnanswered: c.Waits != 0 && c.Waits <= at, AnswerDueAt: c.Due,
	}
	if c.Kind != CaseWarning {
		return nil, fmt.Errorf("case %s of kind %s is no warning", c.ID, c.Kind)
	}
	if err := json.Unmarshal(c.Detail, &v.WarningDetail); err != nil {
		return nil, fmt.Errorf("detail of warning %s: %w", c.ID, err)
	}
	return v, nil
}

// warningView returns the latest warning as people see it at an instant, nil without one.
func (c *Customer) warningView(at domain.Instant) *WarningView {
	for _, x := range c.Cases(CaseWarning) {
		if v, err := x.Warning(at); err == nil { // it is our own
			return v
		}
	}
	return nil
}

// WarningGroup counts the open warnings that have something in common.
type WarningGroup struct {
	// Key is what they have in common: a level, the path of a unit, an employee, or the factor that contributes most; empty when
	// they have none.
	Key string `json:"key"`
	// Open counts them, Watch, High and Critical by their level.
	Open     int64 `json:"open"`
	Watch    int64 `json:"watch"`
	High     int64 `json:"high"`
	Critical int64 `json:"critical"`
	// Unseen counts those that nobody acknowledged, Snoozed those that are snoozed.
	Unseen  int64 `json:"unseen"`
	Snoozed int64 `json:"snoozed"`
	// Unanswered counts those that wait for an answer, Overdue those of them whose time for one is over.
	Unanswered int64 `json:"unanswered"`
	Overdue    int64 `json:"overdue"`
	// OldestAt is when the one was raised that is open the longest.
	OldestAt domain.Instant `json:"oldest_raised_at"`
}

// WarningGrouping is what warnings are grouped by.
type WarningGrouping string

// The groupings.
const (
	GroupByLevel    WarningGrouping = "level"
	GroupByUnit     WarningGrouping = "org_unit"
	GroupByEmployee WarningGrouping = "employee"
	GroupByFactor   WarningGrouping = "factor"
)

// GroupWarnings counts the open warnings of the page by what they have in common, the largest group first.
func GroupWarnings(page *CasePage, by WarningGrouping) ([]WarningGroup, error) {
	groups := make(map[string]*WarningGroup)
	for i := range page.Items {
		w, err := page.Items[i].Warning(page.AsOf)
		if err != nil {
			return nil, err
		}
		if !w.Open {
			continue
		}
		key := w.key(by)
		if groups[key] == nil {
			groups[key] = &WarningGroup{Key: key, OldestAt: w.RaisedAt}
		}
		groups[key].add(w, page.AsOf)
	}
	list := []WarningGroup{}
	for _, g := range slices.Collect(maps.Values(groups)) {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b WarningGroup) int {
		return cmp.Or(cmp.Compare(b.Open, a.Open), strings.Compare(a.Key, b.Key))
	})
	return list, nil
}

func (w *WarningView) key(by WarningGrouping) string {
	switch by {
	case GroupByUnit:
		return w.OrgUnit
	case GroupByEmployee:
		return w.Employee
	case GroupByFactor:
		var most WarningPart
		for _, p := range w.Contributions {
			if p.Points > most.Points {
				most = p
			}
		}
		return most.Factor
	default:
		return w.Level.String()
	}
}

func (g *WarningGroup) add(w *WarningView, at domain.Instant) {
	g.Open++
	switch w.Level {
	case domain.RiskWatch:
		g.Watch++
	case domain.RiskHigh:
		g.High++
	default:
		g.Critical++
	}
	if w.Acknowledged == nil {
		g.Unseen++
	}
	if w.IsSnoozed {
		g.Snoozed++
	}
	if w.IsUnanswered {
		g.Unanswered++
	}
	if w.AnswerDueAt != 0 && w.AnswerDueAt <= at {
		g.Overdue++
	}
	g.OldestAt = min(g.OldestAt, w.RaisedAt)
}
