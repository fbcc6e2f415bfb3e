package projections

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// ErrFilter says that a filter cannot be applied; the error around it names the field and the rule.
var ErrFilter = errors.New("invalid filter")

// Check returns the filter with its defaults filled in and the place where the page begins, nil for the first page.
// Errors match ErrFilter.
func (f CustomerFilter) Check() (CustomerFilter, *Cursor, error) {
	if f.Sort == "" {
		f.Sort = SortID
	}
	if !slices.Contains([]CustomerSort{SortID, SortLastEvent, SortSince, SortLastPurchase}, f.Sort) {
		return f, nil, fmt.Errorf("%w: sort must be one of id, -last_event_at, -since, -last_purchase_at", ErrFilter)
	}
	limit, err := checkLimit(f.Limit)
	if err != nil {
		return f, nil, err
	}
	f.Limit = limit
	if f.Cursor == "" {
		return f, nil, nil
	}
	c, err := ParseCursor(f.Cursor)
	if err != nil || c.Filter != f.fingerprint() {
		return f, nil, fmt.Errorf("%w: cursor must come from a page with the same filter and sort", ErrFilter)
	}
	return f, c, nil
}

func checkLimit(n int) (int, error) {
	if n == 0 {
		return DefaultLimit, nil
	}
	if n < 1 || n > MaxLimit {
		return 0, fmt.Errorf("%w: limit must be between 1 and %d", ErrFilter, MaxLimit)
	}
	return n, nil
}

// fingerprint tells filters apart, so that a cursor is not used with another one.
func (f CustomerFilter) fingerprint() uint64 {
	return xxhash.Sum64String(fmt.Sprintf("%d\x00%d\x00%s\x00%s\x00%s\x00%s\x00%s", f.Stage, f.Risk, f.Class, f.OrgUnit, f.Owner, strings.ToLower(f.Text), f.Sort))
}

// Cursor is the place in a list after which a page begins: the last item of the page before it.
type Cursor struct {
	// Filter is the fingerprint of the filter the list was made with.
	Filter uint64 `json:"f"`
	// Value is what the list is sorted by, zero for a list by id and for items without a value.
	Value domain.Instant `json:"v"`
	ID    string         `json:"i"`
}

// String returns the opaque form of the cursor.
func (c *Cursor) String() string {
	b, err := json.Marshal(struct {
		F uint64 `json:"f"`
		V int64  `json:"v"`
		I string `json:"i"`
	}{c.Filter, int64(c.Value), c.ID})
	if err != nil {
		return "" // strings and integers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads the opaque form of a cursor.
func ParseCursor(s string) (*Cursor, error) {
	var v struct {
		F uint64 `json:"f"`
		V int64  `json:"v"`
		I string `json:"i"`
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: cursor is not one of ours", ErrFilter)
	}
	return &Cursor{Filter: v.F, Value: domain.Instant(v.V), ID: v.I}, nil
}

// NextCursor returns the cursor of the page after the one that ends with item.
func (f CustomerFilter) NextCursor(item *CustomerItem) string { return f.CursorAfter(item).String() }

// CursorAfter returns the place after the item.
func (f CustomerFilter) CursorAfter(item *CustomerItem) *Cursor {
	return &Cursor{Filter: f.fingerprint(), Value: f.Sort.value(item), ID: item.ID}
}

// value returns what an item is sorted by.
func (s CustomerSort) value(i *CustomerItem) domain.Instant {
	switch s {
	case SortLastEvent:
		return i.LastEventAt
	case SortSince:
		return i.Since
	case SortLastPurchase:
		return i.LastPurchaseAt
	default:
		return 0
	}
}

// Selection picks one page out of customers that come in any order.
type Selection struct {
	filter CustomerFilter
	after  *Cursor
	items  []CustomerItem
	// last is, in a list by id, that of the last item that can still be on the page or show that there is a next one; empty
	// while there are too few items to tell.
	last string
}

// NewSelection returns a selection for the filter. Errors match ErrFilter.
func NewSelection(f CustomerFilter) (*Selection, error) {
	f, after, err := f.Check()
	if err != nil {
		return nil, err
	}
	f.Text = strings.ToLower(f.Text)
	return &Selection{filter: f, after: after}, nil
}

// Wants reports whether the customer passes the parts of the filter that time does not change, and may be on the page as
// far as its id tells. It costs little, unlike the item of a customer who has been silent for long.
func (s *Selection) Wants(c *Customer) bool {
	if s.filter.Sort == SortID && (s.after != nil && c.ID <= s.after.ID || s.last != "" && c.ID > s.last) {
		return false
	}
	p := c.Profile
	if p == nil {
		p = &Profile{}
	}
	f := &s.filter
	return (f.OrgUnit == "" || c.OrgUnit() == f.OrgUnit || strings.HasPrefix(c.OrgUnit(), f.OrgUnit+"/")) &&
		(f.Owner == "" || slices.Contains(p.Owners, f.Owner)) &&
		(f.Text == "" || strings.Contains(strings.ToLower(c.ID), f.Text) || strings.Contains(strings.ToLower(p.Name), f.Text))
}

// Add takes an item into the page if it belongs there.
func (s *Selection) Add(item CustomerItem) {
	if s.filter.Stage != domain.StageNone && item.Stage != s.filter.Stage {
		return
	}
	if s.filter.Risk != domain.RiskLow && item.Risk != s.filter.Risk {
		return
	}
	if s.filter.Class != "" && item.ValueClass != s.filter.Class {
		return
	}
	if s.after != nil && !s.before(s.after.Value, s.after.ID, &item) {
		return
	}
	s.items = append(s.items, item)
	if len(s.items) > 4*(s.filter.Limit+1) {
		s.trim()
	}
}

// before reports whether the place (value, id) comes before the item in the order of the list.
func (s *Selection) before(value domain.Instant, id string, item *CustomerItem) bool {
	return cmp.Or(cmp.Compare(s.filter.Sort.value(item), value), cmp.Compare(id, item.ID)) < 0
}

// trim keeps the first items of the page and one more, which shows that there is a next page.
func (s *Selection) trim() {
	slices.SortFunc(s.items, func(a, b CustomerItem) int {
		return cmp.Or(cmp.Compare(s.filter.Sort.value(&b), s.filter.Sort.value(&a)), cmp.Compare(a.ID, b.ID))
	})
	if n := s.filter.Limit + 1; len(s.items) >= n {
		s.items = s.items[:n]
		s.last = s.items[n-1].ID
	}
}

// Page returns the items of the page and the cursor of the next one, empty at the end.
func (s *Selection) Page() ([]CustomerItem, string) {
	s.trim()
	if len(s.items) <= s.filter.Limit {
		return orEmpty(s.items), ""
	}
	items := s.items[:s.filter.Limit]
	return items, s.filter.NextCursor(&items[len(items)-1])
}
