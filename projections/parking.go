package projections

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain"
)

// Parked is a customer whose records queue because the fold panicked on one of them. The record, and those that came
// after it, stay in the log.
type Parked struct {
	Partition int    `json:"partition"`
	Customer  string `json:"customer"`
	// Offset is the place of the record on which the fold panicked: an event of the customer, or a control record.
	Offset int64 `json:"offset"`
	// At is when that record was recorded.
	At domain.Instant `json:"parked_at"`
	// Error is what the fold panicked with and where.
	Error string `json:"error"`
	// Queue is the number of records that wait. A store fills it in.
	Queue int64 `json:"queue"`
}

// Queued is a record that waits behind a parked customer.
type Queued struct {
	Customer string
	Offset   int64
}

// Released is a customer that is parked no more, unless the same batch parks it again, and whose records up to an offset
// wait no more.
type Released struct {
	Customer string
	Through  int64
}

// ParkedFilter selects parked customers.
type ParkedFilter struct {
	// Stream selects one customer; empty selects all.
	Stream string
	// Cursor continues after the page that returned it.
	Cursor string
	// Limit is the length of the page, 1 to 500. Default: 50.
	Limit int
}

// ParkedPage is one page of parked customers.
type ParkedPage struct {
	Items []Parked `json:"items"`
	Next  string   `json:"next,omitempty"`
}

// PageOfParked returns a page of the given parked customers, those longest parked first, then by partition and id.
func PageOfParked(all []Parked, f ParkedFilter) (*ParkedPage, error) {
	limit, err := checkLimit(f.Limit)
	if err != nil {
		return nil, err
	}
	var after *Parked
	if f.Cursor != "" {
		if after, err = ParseParkedCursor(f.Cursor); err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(p Parked) bool { return f.Stream != "" && p.Customer != f.Stream })
	page := new(ParkedPage)
	var more bool
	if page.Items, more = pageOf(all, limit, after, compareParked); more {
		page.Next = page.Items[limit-1].Cursor()
	}
	return page, nil
}

func compareParked(a, b *Parked) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Customer, b.Customer))
}

// Cursor returns the opaque place of the customer in the list.
func (p *Parked) Cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%d:%s", int64(p.At), p.Partition, p.Customer))
}

// ParseParkedCursor reads the place a customer had in the list.
func ParseParkedCursor(s string) (*Parked, error) {
	var at int64
	var partition int32
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d:%d:", &at, &partition)
	}
	parts := strings.SplitN(string(b), ":", 3)
	if err != nil || len(parts) < 3 || !utf8.ValidString(parts[2]) || strings.Contains(parts[2], "\x00") {
		return nil, fmt.Errorf("%w: cursor is not one of ours", ErrFilter)
	}
	return &Parked{At: domain.Instant(at), Partition: int(partition), Customer: parts[2]}, nil
}

// panicked says that the fold panicked on a customer.
type panicked struct {
	customer string
	// offset is the place of the record at hand. When it is unknown, the customer is parked from its first record in the
	// batch on.
	offset int64
	text   string
}

// unknownOffset lies before every record.
const unknownOffset = -1

func (p *panicked) Error() string {
	return fmt.Sprintf("fold panicked on customer %q: %s", p.customer, p.text)
}

// stackBytes is how much of the stack is kept with a panic, enough for the functions that matter.
const stackBytes = 2048

// newPanicked describes a panic of the given value. It is called while the stack still shows where it came from.
func newPanicked(customer string, value any) *panicked {
	stack := string(debug.Stack())
	// What lies above the panic itself is the way from here to there.
	if _, below, found := strings.Cut(stack, "\npanic("); found {
		stack = below
	}
	if len(stack) > stackBytes {
		stack = stack[:stackBytes]
	}
	text := legibleText(fmt.Sprint(value), stackBytes) + "\n" + legibleText(stack, stackBytes)
	return &panicked{customer: customer, offset: unknownOffset, text: text}
}

// blame names the customer in a panic that passes through. It is deferred by what works on one customer where the
// caller cannot know which.
func blame(customer string) {
	switch value := recover().(type) {
	case nil:
	case *panicked:
		panic(value)
	default:
		panic(newPanicked(customer, value))
	}
}
