package projections

import (
	"fmt"
	"runtime/debug"
	"strings"

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

// panicked says that the fold panicked on a customer.
type panicked struct {
	customer string
	// offset is the place of the record at hand, 0 when it is not known: then the customer is parked from its first record
	// in the batch on.
	offset int64
	text   string
}

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
	return &panicked{customer: customer, text: legibleText(fmt.Sprint(value), stackBytes) + "\n" + legibleText(stack, stackBytes)}
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
