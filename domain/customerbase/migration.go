package customerbase

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Migration is Dwyer's model of customers who come and go (1989): the chance of a purchase within the next period depends on
// how many periods ago the last one was. Who has not bought for all the periods is given up.
type Migration struct {
	// PeriodDays is the length of a period.
	PeriodDays int
	// Buy is the chance of a purchase after 1, 2, … periods.
	Buy []float64
}

// MostStates is how many states, with a chance to buy in each, a model of migration can have. The work for the value of a
// customer grows with the third power of it.
const MostStates = 24

// NameMigration is the name of the model in events and reports.
const NameMigration = "customer_migration"

// NewMigration returns the model of parameters by name; errors are those of NewPurchaseModel.
func NewMigration(parameters map[string]float64) (Migration, error) {
	m := Migration{PeriodDays: int(parameters["period_days"]), Buy: make([]float64, max(len(parameters)-1, 0))}
	for i := range m.Buy {
		m.Buy[i] = parameters[buyName(i)]
	}
	if days := parameters["period_days"]; days != math.Trunc(days) {
		return Migration{}, fmt.Errorf("%s: period_days is %v, must be a whole number: %w", NameMigration, days, ErrParameters)
	}
	if err := restored(m, parameters); err != nil {
		return Migration{}, err
	}
	return m, nil
}

func buyName(i int) string { return "buy." + strconv.Itoa(i+1) }

// Name returns NameMigration.
func (m Migration) Name() string { return NameMigration }

// Parameters returns period_days, buy.1, buy.2 and so on.
func (m Migration) Parameters() []Parameter {
	p := []Parameter{{"period_days", float64(m.PeriodDays)}}
	for i, chance := range m.Buy {
		p = append(p, Parameter{buyName(i), chance})
	}
	return p
}

// Validate returns an error unless there is a period and every chance is a probability.
func (m Migration) Validate() error {
	if m.PeriodDays < 1 || m.PeriodDays > 36500 {
		return fmt.Errorf("%s: period_days is %d, must be between 1 and 36500: %w", NameMigration, m.PeriodDays, ErrParameters)
	}
	if len(m.Buy) == 0 {
		return fmt.Errorf("%s: buy.1 is missing: %w", NameMigration, ErrParameters)
	}
	if len(m.Buy) > MostStates {
		return fmt.Errorf("%s: there are %d chances to buy, must be at most %d: %w", NameMigration, len(m.Buy), MostStates, ErrParameters)
	}
	for _, p := range m.Parameters() {
		if strings.HasPrefix(p.Name, "buy.") && !(p.Value >= 0 && p.Value <= 1) {
			return fmt.Errorf("%s: %s is %v, must be between 0 and 1: %w", NameMigration, p.Name, p.Value, ErrParameters)
		}
	}
	return nil
}

// Trials counts, by the number of whole periods since the last purchase, how many customers had the next period before them,
// and how many of them bought in it.
type Trials []Trial

// Trial is what is counted of one such number.
type Trial struct {
	Customers int64 `json:"customers"`
	Buyers    int64 `json:"buyers"`
}

// Add counts a customer who bought on the given days, ascending from any origin, as known at the end of the day until.
// Periods are counted from the first purchase; only those that have passed count.
func (t Trials) Add(days []int, until, period int) {
	if len(days) == 0 {
		return
	}
	passed := (until + 1 - days[0]) / period // periods 0 to passed-1 have passed
	last := 0
	for _, day := range days[1:] {
		p := (day - days[0]) / period
		if p == last {
			continue
		}
		t.count(last, min(p, passed), p < passed)
		last = p
	}
	t.count(last, passed, false)
}

// count counts the periods after the one of the last purchase: those before end went by without one, and end had one if the
// customer bought.
func (t Trials) count(last, end int, bought bool) {
	for i := range t {
		p := last + i + 1
		switch {
		case p < end:
			t[i].Customers++
		case p == end && bought:
			t[i].Customers, t[i].Buyers = t[i].Customers+1, t[i].Buyers+1
		}
	}
}

// Migration returns the shares of buyers, false when some number of periods was never counted.
func (t Trials) Migration(period int) (Migration, bool) {
	m := Migration{PeriodDays: period, Buy: make([]float64, len(t))}
	for i, n := range t {
		if n.Customers == 0 {
			return Migration{}, false
		}
		m.Buy[i] = float64(n.Buyers) / float64(n.Customers)
	}
	return m, true
}

// Chain returns the chain of the model, where a period with a purchase yields the contribution and every period of a customer
// who was not given up costs the contact.
func (m Migration) Chain(contribution, cost float64) Chain {
	return RecencyChain(m.Buy, contribution, cost)
}

// Stage returns the stage of the chain in which a customer is at the end of the day until who bought on the given days,
// ascending: how many whole periods have passed since the one of the last purchase, less one.
func (m Migration) Stage(days []int, until int) int {
	if len(days) == 0 {
		return len(m.Buy)
	}
	last := (days[len(days)-1] - days[0]) / m.PeriodDays
	passed := (until + 1 - days[0]) / m.PeriodDays
	return min(max(passed-1-last, 0), len(m.Buy))
}
