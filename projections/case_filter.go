package projections

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// AllCases as a limit asks for every case that the filter selects.
const AllCases = -1

// CaseFilter selects and orders cases of one kind. Zero fields select everything.
type CaseFilter struct {
	Kind CaseKind
	// Status selects by where a case stands; CaseOpen takes the near and the overdue ones in.
	Status CaseStatus
	Topic  string
	// OrgUnit selects a unit and everything below it.
	OrgUnit  string
	Holder   string
	Customer string
	// ID selects the case with this id.
	ID string
	// Snoozed selects warnings by whether they wait for an answer only from a later instant on.
	Snoozed Choice
	// Unanswered selects the warnings that wait for an answer.
	Unanswered bool
	// From and To are when the case was opened: from the first on and before the second.
	From, To domain.Instant
	Sort     CaseSort
	// Cursor continues after the page that returned it.
	Cursor string
	// Limit is the length of the page, 1 to 500, or AllCases. Default: 50.
	Limit int
}

// Choice selects by something that is so or not.
type Choice string

// The choices. The zero one selects both.
const (
	EitherWay Choice = ""
	OnlyThose Choice = "yes"
	NoneSuch  Choice = "no"
)

// CaseSort is the order of a list of cases.
type CaseSort string

// The orders of a list of cases: the newest first, or those due first, the ones without a deadline last. Ties are in order
// of customer and id.
const (
	SortOpened CaseSort = "-opened_at"
	SortDue    CaseSort = "due_at"
)

// CasePage is one page of cases.
type CasePage struct {
	Items     []Case               `json:"items"`
	Next      string               `json:"next,omitempty"`
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Policy is the policy that was published last, or the first one.
	Policy *domain.Policy `json:"-"`
}

// Check returns the filter with its defaults filled in and the place where the page begins, nil for the first page.
// Errors match ErrFilter.
func (f CaseFilter) Check() (CaseFilter, *CaseCursor, error) {
	if f.Sort == "" {
		f.Sort = SortOpened
	}
	if f.Sort != SortOpened && f.Sort != SortDue {
		return f, nil, fmt.Errorf("%w: sort must be one of -opened_at, due_at", ErrFilter)
	}
	if !slices.Contains([]CaseStatus{"", CaseOpen, CaseNear, CaseOverdue, CaseEnded}, f.Status) {
		return f, nil, fmt.Errorf("%w: status must be one of open, near, overdue, ended", ErrFilter)
	}
	if !slices.Contains([]Choice{EitherWay, OnlyThose, NoneSuch}, f.Snoozed) {
		return f, nil, fmt.Errorf("%w: snoozed must be one of yes, no", ErrFilter)
	}
	if f.Limit != AllCases {
		limit, err := checkLimit(f.Limit)
		if err != nil {
			return f, nil, err
		}
		f.Limit = limit
	}
	if f.Cursor == "" {
		return f, nil, nil
	}
	c, err := parseCaseCursor(f.Cursor)
	if err != nil || c.Filter != f.fingerprint() {
		return f, nil, fmt.Errorf("%w: cursor must come from a page with the same filter and sort", ErrFilter)
	}
	return f, c, nil
}

// fingerprint tells filters apart, so that a cursor is not used with another one.
func (f CaseFilter) fingerprint() uint64 {
	return xxhash.Sum64String(fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%t\x00%d\x00%d\x00%s",
		f.Kind, f.Status, f.Topic, f.OrgUnit, f.Holder, f.Customer, f.ID, f.Snoozed, f.Unanswered, f.From, f.To, f.Sort))
}

// Wants reports whether the filter selects the case at the given instant.
func (f *CaseFilter) Wants(c *Case, at domain.Instant) bool {
	return c.Kind == f.Kind && f.wantsStatus(c.StatusAt(at)) && (f.Topic == "" || c.Topic == f.Topic) &&
		within(c.OrgUnit, f.OrgUnit) && (f.Holder == "" || c.Holder == f.Holder) &&
		(f.Customer == "" || c.Customer == f.Customer) && (f.ID == "" || c.ID == f.ID) &&
		(f.Snoozed == EitherWay || (c.Waits > at) == (f.Snoozed == OnlyThose)) &&
		(!f.Unanswered || c.Waits != 0 && c.Waits <= at) &&
		(f.From == 0 || c.Opened >= f.From) && (f.To == 0 || c.Opened < f.To)
}

// MayWant reports whether a case of the stream may be selected. It is cheaper than to make the cases.
func (f *CaseFilter) MayWant(c *Customer) bool {
	if f.Customer != "" && c.ID != f.Customer {
		return false
	}
	if f.Kind == CaseWarning {
		w := c.lastWarning()
		return w != nil && (f.ID == "" || w.ID == f.ID)
	}
	return true
}

// wantsStatus reports whether a case of the status is selected. Near and overdue ones are open too.
func (f *CaseFilter) wantsStatus(s CaseStatus) bool {
	return f.Status == "" || s == f.Status || f.Status == CaseOpen && s != CaseEnded
}
