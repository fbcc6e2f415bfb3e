package projections

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Quarantine is a record that was set aside: its position and what is wrong with it. The record itself stays in the log.
type Quarantine struct {
	Partition int                 `json:"partition"`
	Offset    int64               `json:"offset"`
	Customer  string              `json:"customer,omitempty"`
	Event     string              `json:"event,omitempty"`
	Type      string              `json:"type,omitempty"`
	Recorded  domain.Instant      `json:"recorded_at"`
	Verdict   eventstore.Verdict  `json:"verdict"`
	Problems  []QuarantineProblem `json:"problems"`
	// Version is the version of the stream, for a record in conflict.
	Version int64 `json:"version,omitempty"`
	// Status says whether somebody has to look at it still; the fields below say what was done about it.
	Status     QuarantineStatus `json:"status"`
	ResolvedAt domain.Instant   `json:"resolved_at,omitzero"`
	ResolvedBy string           `json:"resolved_by,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	// Redriven is the place of the record that was appended anew.
	Redriven string `json:"redriven_position,omitempty"`
}

// QuarantineStatus says what was done about a record that was set aside.
type QuarantineStatus string

// What was done about a record that was set aside: nothing yet, appended anew, or dropped for a reason.
const (
	StatusOpen      QuarantineStatus = "open"
	StatusRedriven  QuarantineStatus = "redriven"
	StatusDiscarded QuarantineStatus = "discarded"
)

// Resolution says what was done about the quarantined record at an offset of the partition.
type Resolution struct {
	Offset int64
	Status QuarantineStatus
	At     domain.Instant
	// Actor is who did it.
	Actor string
	// Reason is why it was discarded.
	Reason string
	// Position is the place of the record that was appended anew.
	Position string
}

// Resolve notes the resolution.
func (q *Quarantine) Resolve(r Resolution) {
	q.Status, q.ResolvedAt, q.ResolvedBy, q.Reason, q.Redriven = r.Status, r.At, r.Actor, r.Reason, r.Position
}

// QuarantineProblem names the field and the rule it breaks.
type QuarantineProblem struct {
	Pointer string `json:"pointer"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// QuarantineFilter selects quarantined records.
type QuarantineFilter struct {
	// Status selects entries; empty selects all.
	Status QuarantineStatus
	// Position selects the entry at one place of the log.
	Position *eventstore.Position
	Cursor   string
	// Limit is the length of the page, 1 to 500. Default: 50.
	Limit int
}

// QuarantinePage is one page of quarantined records.
type QuarantinePage struct {
	Items []Quarantine `json:"items"`
	Next  string       `json:"next,omitempty"`
}

// PageOfQuarantine returns a page of the given entries, the latest recorded first, then by position from the end.
func PageOfQuarantine(all []Quarantine, f QuarantineFilter) (*QuarantinePage, error) {
	limit, err := checkLimit(f.Limit)
	if err != nil {
		return nil, err
	}
	var after *Quarantine
	if f.Cursor != "" {
		if after, err = ParseQuarantineCursor(f.Cursor); err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(q Quarantine) bool { return !f.Wants(&q) })
	page := new(QuarantinePage)
	var more bool
	if page.Items, more = pageOf(all, limit, after, compareQuarantine); more {
		page.Next = page.Items[limit-1].Cursor()
	}
	return page, nil
}

// Wants reports whether the filter selects the entry.
func (f *QuarantineFilter) Wants(q *Quarantine) bool {
	return (f.Status == "" || q.Status == f.Status) &&
		(f.Position == nil || *f.Position == eventstore.Position{Partition: q.Partition, Offset: q.Offset})
}

func compareQuarantine(a, b *Quarantine) int {
	return cmp.Or(cmp.Compare(b.Recorded, a.Recorded), cmp.Compare(a.Partition, b.Partition), cmp.Compare(b.Offset, a.Offset))
}

// Cursor returns the opaque place of the entry in the list.
func (q *Quarantine) Cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%d:%d", int64(q.Recorded), q.Partition, q.Offset))
}

// ParseQuarantineCursor reads the place an entry had in the list.
func ParseQuarantineCursor(s string) (*Quarantine, error) {
	var recorded, offset int64
	var partition int32
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d:%d:%d", &recorded, &partition, &offset)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: cursor is not one of ours", ErrFilter)
	}
	return &Quarantine{Recorded: domain.Instant(recorded), Partition: int(partition), Offset: offset}, nil
}
