package projections

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// CaseCursor is the place in a list of cases after which a page begins: the last case of the page before it.
type CaseCursor struct {
	// Filter is the fingerprint of the filter the list was made with.
	Filter uint64 `json:"f"`
	// Value is what the list is sorted by.
	Value    int64  `json:"v"`
	Customer string `json:"c"`
	ID       string `json:"i"`
}

// String returns the opaque form of the cursor.
func (c *CaseCursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // strings and integers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCaseCursor(s string) (*CaseCursor, error) {
	c := new(CaseCursor)
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, c)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: cursor is not one of ours", ErrFilter)
	}
	return c, nil
}

// Value returns what a case is sorted by: smaller values come first.
func (s CaseSort) Value(c *Case) int64 {
	switch {
	case s == SortOpened:
		return -int64(c.Opened)
	case c.Due == 0:
		return int64(endOfTime)
	default:
		return int64(c.Due)
	}
}

// compare orders cases.
func (s CaseSort) compare(a, b *Case) int {
	return cmp.Or(cmp.Compare(s.Value(a), s.Value(b)), strings.Compare(a.Customer, b.Customer), strings.Compare(a.ID, b.ID))
}

// after reports whether the case comes after the place.
func (s CaseSort) after(c *Case, place *CaseCursor) bool {
	return cmp.Or(cmp.Compare(s.Value(c), place.Value), strings.Compare(c.Customer, place.Customer), strings.Compare(c.ID, place.ID)) > 0
}

// CaseSelection picks one page out of cases that come in any order.
type CaseSelection struct {
	filter CaseFilter
	at     domain.Instant
	after  *CaseCursor
	items  []Case
}

// NewCaseSelection returns a selection for the filter at the given instant. Errors match ErrFilter.
func NewCaseSelection(f CaseFilter, at domain.Instant) (*CaseSelection, error) {
	f, after, err := f.Check()
	if err != nil {
		return nil, err
	}
	return &CaseSelection{filter: f, at: at, after: after}, nil
}

// Add takes a case into the page if it belongs there.
func (s *CaseSelection) Add(c Case) {
	if !s.filter.Wants(&c, s.at) || s.after != nil && !s.filter.Sort.after(&c, s.after) {
		return
	}
	c.Status = c.StatusAt(s.at)
	s.items = append(s.items, c)
	if s.filter.Limit != AllCases && len(s.items) > 4*(s.filter.Limit+1) {
		s.trim()
	}
}

// trim keeps the first cases of the page and one more, which shows that there is a next page.
func (s *CaseSelection) trim() {
	slices.SortFunc(s.items, func(a, b Case) int { return s.filter.Sort.compare(&a, &b) })
	if n := s.filter.Limit + 1; s.filter.Limit != AllCases && len(s.items) > n {
		s.items = s.items[:n]
	}
}

// Page returns the cases of the page and the cursor of the next one, empty at the end.
func (s *CaseSelection) Page() ([]Case, string) {
	s.trim()
	if s.filter.Limit == AllCases || len(s.items) <= s.filter.Limit {
		return orEmpty(s.items), ""
	}
	items := s.items[:s.filter.Limit]
	last := &items[len(items)-1]
	next := CaseCursor{Filter: s.filter.fingerprint(), Value: s.filter.Sort.Value(last), Customer: last.Customer, ID: last.ID}
	return items, next.String()
}
