package main

import (
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

func (p *printer) winBackReport(r *projections.WinBackReport) {
	p.fields(
		"as of", when(r.AsOf), "policy", r.PolicyVersion, "cases", strconv.FormatInt(r.Cases, 10), "running", number(r.Running),
		"succeeded", number(r.Succeeded), "failed", number(r.Failed), "moot", number(r.Moot), "success", share(r.Success),
		"offers", number(r.Offers), "accepted", number(r.Accepted), "median delay", string(hours(r.Delay.Median)),
	)
	for _, groups := range []struct {
		title string
		rows  []projections.WinBackGroup
	}{
		{"BY CAUSE", r.Causes}, {"BY OFFER", r.Terms}, {"BY OWNER", r.Owners}, {"BY MONTH OF THE START", r.Cohorts},
		{"BY DELAY OF THE FIRST CONTACT", r.Delays}, {"BY WHAT WAS DONE", r.Steps}, {"BY ORG UNIT", r.OrgUnits},
	} {
		p.winBackGroups(groups.title, groups.rows)
	}
	p.winBackMoney(r)
}

// winBackGroups prints the figures of groups; one without a name is of those of which it is not known.
func (p *printer) winBackGroups(title string, groups []projections.WinBackGroup) {
	if len(groups) == 0 {
		return
	}
	var rows []table.Row
	for i := range groups {
		g := &groups[i]
		first := table.Row{g.Name, g.Cases, share(g.Success), g.Offers, g.Accepted}
		if len(g.Money) == 0 {
			rows = append(rows, append(first, "", "", "", ""))
		}
		for _, m := range g.Money {
			rows = append(rows, append(first, m.Currency, amount(decimal(m.Cost, m.Currency)), amount(decimal(m.Revenue, m.Currency)),
				figure(m.BenefitToCost, 2)))
			first = table.Row{"", "", "", "", ""}
		}
	}
	p.section(title)
	p.table(table.Row{"", "CASES", "SUCCESS", "OFFERS", "ACCEPTED", "CURRENCY", "COST", "REVENUE", "BENEFIT/COST"}, rows)
}

// winBackMoney prints what the cases cost and brought, and what new customers cost beside it.
func (p *printer) winBackMoney(r *projections.WinBackReport) {
	if len(r.Money) > 0 {
		rows := make([]table.Row, len(r.Money))
		for i, m := range r.Money {
			rows[i] = table.Row{
				m.Currency, amount(decimal(m.Cost, m.Currency)), amount(decimal(m.Revenue, m.Currency)), amount(decimal(m.Benefit, m.Currency)),
				figure(m.BenefitToCost, 2),
			}
		}
		p.section("COST AND BENEFIT, AT A MARGIN OF " + figure(&r.Margin, 2))
		p.table(table.Row{"CURRENCY", "COST", "REVENUE", "BENEFIT", "BENEFIT/COST"}, rows)
	}
	if len(r.Economy) > 0 {
		rows := make([]table.Row, len(r.Economy))
		for i, e := range r.Economy {
			rows[i] = table.Row{
				e.Currency, e.WonBack, minor(e.PerWonBack, e.Currency), newCustomers(e.NewCustomers), minor(e.PerNew, e.Currency), figure(e.WonBackToANew, 2),
			}
		}
		p.section("COST OF A CUSTOMER")
		p.table(table.Row{"CURRENCY", "WON BACK", "EACH", "NEW", "EACH", "WON BACK/NEW"}, rows)
	}
}

// minor returns an amount that is a mean, rounded to minor units; empty for none.
func minor(mean *float64, currency string) amount {
	if mean == nil {
		return ""
	}
	return amount(decimal(int64(*mean+0.5), currency))
}

func newCustomers(n *int64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// losses prints the times a customer was lost.
func (p *printer) losses(all []projections.LossView) {
	if len(all) == 0 {
		return
	}
	rows := make([]table.Row, len(all))
	for i := range all {
		l := &all[i]
		rows[i] = table.Row{
			when(l.LostAt), knownBy(l.Inferred), l.Cause, amounts(l.Worth), l.Decision, string(l.Outcome), when(l.ReturnedAt), amounts(l.Since),
		}
	}
	p.section("LOSSES")
	p.table(table.Row{"LOST", "KNOWN BY", "CAUSE", "WORTH", "DECISION", "OUTCOME", "RETURNED", "PAID SINCE"}, rows)
}

func (p *printer) lossReport(r *projections.LossReport) {
	p.fields(
		"as of", when(r.AsOf), "policy", r.PolicyVersion, "losses", strconv.FormatInt(r.Losses, 10), "of these inferred", number(r.Inferred),
		"returned", share(r.ReturnedShare), "to be won back", number(r.Recover), "let go", number(r.LetGo), "undecided", number(r.Undecided),
	)
	for _, groups := range []struct {
		title string
		rows  []projections.LossGroup
	}{
		{"BY CAUSE", r.Causes}, {"BY SIDE OF THE CAUSE", r.Sides}, {"BY NATURE", r.Natures}, {"BY PRODUCT BOUGHT LAST", r.Products},
		{"BY COMPETITOR", r.Competitors}, {"BY ORG UNIT", r.OrgUnits},
	} {
		p.lossGroups(groups.title, groups.rows)
	}
	p.lossMonths(r.Months)
	p.lossMatrix(r.Matrix)
	var ages []table.Row
	for _, a := range r.Ages {
		ages = append(ages, table.Row{a.String(), a.Losses, amounts(a.Worth)})
	}
	p.section("UNDECIDED, BY AGE")
	p.table(table.Row{"", "LOSSES", "WORTH"}, ages)
	var alone []table.Row
	for _, c := range r.LeftAlone {
		alone = append(alone, table.Row{c.Name, c.Losses})
	}
	p.section("LEFT ALONE")
	p.table(table.Row{"FOR", "CUSTOMERS"}, alone)
}

func (p *printer) lossGroups(title string, groups []projections.LossGroup) {
	if len(groups) == 0 {
		return
	}
	rows := make([]table.Row, len(groups))
	for i, g := range groups {
		rows[i] = table.Row{g.Name, g.Losses, g.Inferred, g.Returned, g.Recover, g.LetGo, g.Undecided}
	}
	p.section(title)
	p.table(table.Row{"", "LOSSES", "INFERRED", "RETURNED", "RECOVER", "LET GO", "UNDECIDED"}, rows)
}

func (p *printer) lossMonths(months []projections.LossMonth) {
	if len(months) == 0 {
		return
	}
	rows := make([]table.Row, len(months))
	for i, m := range months {
		rows[i] = table.Row{m.Month.String(), m.Losses, m.Reported, m.Inferred, newCustomers(m.Active), figure(m.Rate, 4)}
	}
	p.section("BY MONTH")
	p.table(table.Row{"", "LOSSES", "REPORTED", "INFERRED", "ACTIVE BEFORE", "CHURN RATE"}, rows)
}

// lossMatrix prints the number of losses by cause and worth.
func (p *printer) lossMatrix(matrix []projections.LossMatrixRow) {
	if len(matrix) == 0 {
		return
	}
	header := table.Row{"CAUSE", "CURRENCY"}
	for _, b := range matrix[0].Bands {
		if b.From == nil {
			header = append(header, "LESS")
			continue
		}
		header = append(header, "FROM "+decimal(*b.From, matrix[0].Currency))
	}
	rows := make([]table.Row, len(matrix))
	for i, m := range matrix {
		rows[i] = table.Row{m.Cause, m.Currency}
		for _, b := range m.Bands {
			rows[i] = append(rows[i], b.Losses)
		}
	}
	p.section("CAUSE BY WORTH")
	p.table(header, rows)
}
