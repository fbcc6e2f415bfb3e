package fit_test

import (
	"bufio"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// purchase is a day on which a customer bought, and for how much.
type purchase struct {
	day    int
	amount float64
}

// base are the purchases of customers, each in order, one for each day.
type base [][]purchase

// newBase orders purchases by customers and merges those of a day.
func newBase(by map[string][]purchase) base {
	var b base
	for _, all := range by {
		slices.SortFunc(all, func(a, b purchase) int { return a.day - b.day })
		var merged []purchase
		for _, p := range all {
			if n := len(merged); n > 0 && merged[n-1].day == p.day {
				merged[n-1].amount += p.amount
				continue
			}
			merged = append(merged, p)
		}
		b = append(b, merged)
	}
	return b
}

// cdnowBase reads a file of CDNOW, whose last columns are date, discs and dollars.
func cdnowBase(t testing.TB, name string) base {
	t.Helper()
	f, err := os.Open(dataFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	by := make(map[string][]purchase)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || strings.HasPrefix(words[0], "customer") {
			continue
		}
		n := len(words)
		by[words[0]] = append(by[words[0]], purchase{day(t, "20060102", words[n-3]), dollars(t, words[n-1])})
	}
	return newBase(by)
}

// retailBase reads the purchases of Online Retail.
func retailBase(t testing.TB) base {
	t.Helper()
	by := make(map[string][]purchase)
	for _, row := range readTable(t, "online_retail/online_retail_invoices.csv") {
		if amount := dollars(t, row["amount"]); row["kind"] == "purchase" && amount > 0 {
			by[row["CustomerID"]] = append(by[row["CustomerID"]], purchase{day(t, time.DateOnly, row["at"][:10]), amount})
		}
	}
	return newBase(by)
}

func dollars(t testing.TB, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// customer is what was known of a customer at the end of a day, and what came after.
type customer struct {
	history customerbase.History
	// silent is the days since the last purchase, spend the mean amount of all purchases.
	silent, spend float64
	lost          bool
	// later is the number of purchases within the horizon, laterSpend their amount, past the amount of those before.
	later, laterSpend, past float64
}

// at splits the purchases after a day: what came before is known, what comes in the days of the horizon is the outcome.
func (b base) at(until, horizon int) []customer {
	var known []customer
	for _, all := range b {
		var days []int
		c := customer{lost: true}
		for _, p := range all {
			days = append(days, p.day)
			switch {
			case p.day <= until:
				c.past += p.amount
				c.silent = float64(until - p.day)
			case p.day <= until+horizon:
				c.later++
				c.laterSpend += p.amount
				c.lost = false
			}
		}
		var ok bool
		if c.history, ok = customerbase.HistoryOfDays(days, until, 7); ok {
			c.spend = c.past / float64(c.history.Repeats+1)
			known = append(known, c)
		}
	}
	return known
}

// sample makes a sample of the histories of customers.
func sample(t testing.TB, customers []customer) *customerbase.Sample {
	t.Helper()
	var groups []customerbase.Group
	for _, c := range customers {
		groups = append(groups, customerbase.Group{History: c.history, Customers: 1})
	}
	s, err := customerbase.NewSample(groups)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// features are those of the learned model: frequency, recency, mean spend and age.
func (c customer) features() []learnedrisk.Value {
	values := []learnedrisk.Value{
		{Name: "frequency", Number: math.Log1p(float64(c.history.Repeats))},
		{Name: "silent_days", Number: c.silent},
		{Name: "age_days", Number: 7 * c.history.Age},
		{Name: "mean_spend", Number: math.Log1p(c.spend)},
	}
	return values
}

// outcomes are the customers with a score.
func outcomes(customers []customer, score func(c customer) float64) []evaluation.Outcome {
	var all []evaluation.Outcome
	for _, c := range customers {
		all = append(all, evaluation.Outcome{Score: score(c), Lost: c.lost})
	}
	return all
}
