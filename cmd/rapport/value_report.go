package main

import (
	"fmt"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// priced returns an amount with its currency, empty for none.
func priced(m *domain.Money) string {
	if m == nil {
		return ""
	}
	return money(m.Minor, clean(m.Currency))
}

func (p *printer) valueReport(r *projections.ValueReport) {
	p.fields(
		"as of", when(r.AsOf), "policy", r.PolicyVersion, "ranked by", string(r.Measure), "customers", strconv.FormatInt(r.Customers, 10),
		"buyers", strconv.FormatInt(r.Buyers, 10), "loyal by behaviour and time", strconv.FormatInt(r.Loyal, 10),
		"recommendations", strconv.FormatInt(r.Referrals.Referrals, 10), "share of buyers who recommend", figure(r.Referrals.Rate, 3),
		"largest tree of referrals", strconv.Itoa(r.Referrals.LargestTree),
	)
	if len(r.Currencies) > 0 {
		p.section("CLASSES")
		p.valueClasses(r)
	}
	for i := range r.Currencies {
		p.currencyValue(&r.Currencies[i])
	}
	p.rfm(r.RFM)
	p.comparisons(r.Compared)
	p.classChanges(r.Changes)
}

// valueClasses prints the classes of the ABC analysis.
func (p *printer) valueClasses(r *projections.ValueReport) {
	var rows []table.Row
	for i := range r.Currencies {
		c := &r.Currencies[i]
		for _, k := range c.Classes {
			least := ""
			if k.LeastMinor != nil {
				least = decimal(*k.LeastMinor, c.Currency)
			}
			rows = append(rows, table.Row{
				c.Currency, k.Class, k.Customers, amount(figure(k.CustomersShare, 4)), amount(decimal(k.ValueMinor, c.Currency)),
				amount(figure(k.ValueShare, 4)), amount(least), k.InForce,
			})
		}
	}
	p.table(table.Row{"CURRENCY", "CLASS", "CUSTOMERS", "OF CUSTOMERS", "VALUE", "OF VALUE", "LEAST VALUE", "IN FORCE"}, rows)
}

// currencyValue prints sums, how uneven they are spread, and customer migration.
func (p *printer) currencyValue(c *projections.CurrencyValue) {
	in := func(minor int64) string { return money(minor, clean(c.Currency)) }
	p.section("IN " + clean(c.Currency))
	pairs := []string{
		"purchases", in(c.PurchasedMinor), "returns", in(c.ReturnedMinor), "revenue", in(c.RevenueMinor), "attributed costs", in(c.CostMinor),
		"profit", in(c.ProfitMinor), "customers ranked", strconv.Itoa(c.Ranked), "value ranked", in(c.TotalMinor),
	}
	for _, top := range c.Top {
		pairs = append(pairs, fmt.Sprintf("share of the first %v %%", top.Customers*100), figure(top.Share, 4))
	}
	pairs = append(pairs, "Gini", figure(c.Gini, 4), "Herfindahl", figure(c.Herfindahl, 4),
		"candidates for key accounts", strconv.FormatInt(c.KeyAccounts.Candidates, 10), "their share", figure(c.KeyAccounts.Share, 4))
	p.fields(pairs...)
	m := &c.Migration
	p.section(fmt.Sprintf("MIGRATION IN PERIODS OF %d DAYS", m.PeriodDays))
	rows := make([]table.Row, len(m.States))
	for i, s := range m.States {
		rows[i] = table.Row{s.State, s.Customers, s.Buyers, amount(figure(s.Chance, 4)), amount(minorMean(s.ValueMinor, c.Currency)), marked(s.Stop)}
	}
	p.table(table.Row{"PERIODS SINCE PURCHASE", "CUSTOMERS", "BOUGHT NEXT", "CHANCE", "WORTH FROM THEN ON", "STOP"}, rows)
}

// rfm prints the scores as a matrix: the first letter down, the second and third across.
func (p *printer) rfm(counts []projections.RFMCount) {
	for _, reading := range []string{"recency", "interval"} {
		matrix := make(map[[2]int]int64)
		for _, n := range counts {
			if n.Reading == reading {
				matrix[[2]int{n.First, n.Frequency}] += n.Customers
			}
		}
		if len(matrix) == 0 {
			continue
		}
		var rows []table.Row
		for first := 5; first >= 1; first-- {
			row := table.Row{first}
			for frequency := 1; frequency <= 5; frequency++ {
				row = append(row, matrix[[2]int{first, frequency}])
			}
			rows = append(rows, row)
		}
		p.section("CUSTOMERS BY " + map[string]string{"recency": "RECENCY", "interval": "INTERVAL"}[reading] + " (DOWN) AND FREQUENCY")
		p.table(table.Row{"", "1", "2", "3", "4", "5"}, rows)
	}
}

// comparisons prints groups about whom the methods disagree.
func (p *printer) comparisons(groups []projections.ValueComparison) {
	for i := range groups {
		g := &groups[i]
		p.section(fmt.Sprintf("%s: %d CUSTOMERS IN %s", groupTitle(g.Group), g.Customers, clean(g.Currency)))
		p.valueLines(g.Examples)
	}
}

// groupTitle says in words what a group is.
func groupTitle(group string) string {
	switch group {
	case "valuable_but_falling":
		return "VALUABLE BUT FALLING"
	case "valuable_but_unprofitable":
		return "VALUABLE BUT UNPROFITABLE"
	case "small_but_rising":
		return "SMALL BUT RISING"
	case "readings_of_recency_differ":
		return "RECENCY AND INTERVAL DIFFER"
	default:
		return clean(group)
	}
}

func (p *printer) classChanges(changes []projections.ClassChange) {
	if len(changes) == 0 {
		return
	}
	rows := make([]table.Row, len(changes))
	for i, c := range changes {
		rows[i] = table.Row{orDash(c.From), orDash(c.To), c.Count}
	}
	p.section("CHANGES OF CLASS")
	p.table(table.Row{"FROM", "TO", "CHANGES"}, rows)
}
