package demo

import (
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/rapport-crm/rapport/domain"
)

// The defaults of Options.
const (
	DefaultCustomers = 2000
	DefaultDays      = 730
	DefaultSeed      = 1
)

// Options say which lives are generated.
type Options struct {
	// Customers is the number of customer files that are opened within the period. Default: 2000.
	Customers int
	// Days is the length of the period in days, at least 2. Default: 730.
	Days int
	// Seed selects one of the possible groups. Default: 1.
	Seed uint64
	// End is the last instant of the period. It has no default: the same End gives the same events.
	End domain.Instant
}

// Generator makes the events of a dealer group. It is not changed by its use: each call of Events or Live begins the
// same lives anew, and any number of goroutines may do so.
type Generator struct {
	options Options
	start   domain.Instant
	// names are the event types by the Go type of their data.
	names map[reflect.Type]string
}

// New returns the generator of the given lives. The error names every option that is out of its range.
func New(o Options) (*Generator, error) {
	if o.Customers == 0 {
		o.Customers = DefaultCustomers
	}
	if o.Days == 0 {
		o.Days = DefaultDays
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("demo options: %w", err)
	}
	g := &Generator{options: o, names: map[reflect.Type]string{}}
	g.start = o.End - domain.Instant(o.Days)*domain.Day
	for _, t := range domain.Types() {
		g.names[reflect.TypeOf(t.New()).Elem()] = t.Name
	}
	return g, nil
}

func (o Options) validate() error {
	var faults []error
	if o.Customers < 0 {
		faults = append(faults, errors.New("customers must not be negative"))
	}
	if o.Days < 2 || o.Days > 36500 {
		faults = append(faults, errors.New("days must be between 2 and 36500"))
	}
	if o.End.Time().Year() < 2001 || o.End.Time().Year() > 2190 {
		faults = append(faults, errors.New("end must lie in the years 2001 to 2190"))
	}
	return errors.Join(faults...)
}

// Events returns the events that are recorded within the period, in the order in which they are. That is the order of
// time, but for a few follow-ups that are recorded days after. Each has its own bytes: the caller may keep them.
func (g *Generator) Events() iter.Seq[domain.Event] {
	return func(yield func(domain.Event) bool) { g.live(g.start, g.options.End, yield) }
}

// Live returns what is recorded after the period, in that order and without end: the same customers go on, and new ones
// arrive at the rate of the period. An event carries the time at which it happens; when to pass it on is the caller's
// affair. The lives before are run through without making events, which takes a part of the time of Events.
func (g *Generator) Live() iter.Seq[domain.Event] {
	return func(yield func(domain.Event) bool) { g.live(g.options.End+domain.Microsecond, endOfTime, yield) }
}

// endOfTime lies after all that is generated.
const endOfTime = domain.Instant(1<<63 - 1)

// live runs the group from the start of the period on and yields the events that are recorded between two instants.
func (g *Generator) live(from, until domain.Instant, yield func(domain.Event) bool) {
	w := newWorld(g, from)
	for w.agenda.next() && w.now <= until {
		for _, ev := range w.out {
			if !yield(ev) {
				return
			}
		}
		clear(w.out)
		w.out = w.out[:0]
	}
}
