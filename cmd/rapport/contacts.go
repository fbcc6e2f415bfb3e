package main

import (
	"cmp"
	"context"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/projections"
)

// contactsCmd prints the statistics of contacts.
type contactsCmd struct {
	monthFlags
	Employee string `help:"Only contacts of this employee."`
}

// Run reads the report and prints it.
func (c *contactsCmd) Run(ctx context.Context, a *app) error {
	document, err := c.report(ctx, []string{"v1", "contacts", "statistics"}, "employee", c.Employee)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).contactReport)
}

func (p *printer) contactReport(r *projections.ContactReport) {
	p.fields(
		"as of", when(r.AsOf), "inbound", number(r.Inbound.Total), "outbound", number(r.Outbound.Total),
		"share of outbound", figure(r.OutboundShare, 3), "outbound with a goal", number(r.WithGoal), "share with a goal", figure(r.GoalShare, 3),
		"attempts in vain", number(r.Attempts.Total), "share reached", figure(r.Attempts.ReachedShare, 3), "collisions", number(r.Collisions),
	)
	p.contactTable("INBOUND BY MONTH AND CATEGORY", &r.Inbound)
	p.contactTable("OUTBOUND BY MONTH AND CATEGORY", &r.Outbound)
	p.section("CHANNELS")
	rows := make([]table.Row, len(r.Channels))
	for i, c := range r.Channels {
		rows[i] = table.Row{c.Channel, c.Inbound, c.Outbound, c.Attempts}
	}
	p.table(table.Row{"CHANNEL", "INBOUND", "OUTBOUND", "ATTEMPTS IN VAIN"}, rows)
	p.section("EMPLOYEES")
	rows = make([]table.Row, len(r.Employees))
	for i, e := range r.Employees {
		rows[i] = table.Row{e.Employee, e.Inbound, e.Outbound, e.WithGoal, e.Attempts, e.Collisions, e.CollidedWith}
	}
	p.table(table.Row{"EMPLOYEE", "INBOUND", "OUTBOUND", "WITH A GOAL", "ATTEMPTS IN VAIN", "COLLISIONS", "COLLIDED WITH"}, rows)
}

// contactTable prints a row for each month and a column for each category, with their sums.
func (p *printer) contactTable(title string, t *projections.ContactTable) {
	header, sums := table.Row{"MONTH"}, table.Row{"all"}
	for _, c := range t.Categories {
		header, sums = append(header, cmp.Or(c.Category, "none")), append(sums, c.Count)
	}
	rows := make([]table.Row, 0, len(t.Months)+1)
	for _, m := range t.Months {
		row := table.Row{m.Month.String()}
		for _, c := range t.Categories {
			row = append(row, m.Categories[c.Category])
		}
		rows = append(rows, append(row, m.Total))
	}
	p.section(title)
	p.table(append(header, "TOTAL"), append(rows, append(sums, t.Total)))
}

// mayContactCmd says whether a customer may be contacted now.
type mayContactCmd struct {
	clientFlags
	afterFlag
	ID       string `arg:"" help:"Customer id."`
	Employee string `help:"Who is about to make the contact. Without it everybody else's contacts and intentions count."`
	At       string `help:"When the contact is to be made, RFC 3339. Default: now." placeholder:"TIME"`
}

// Run asks and prints the answer.
func (c *mayContactCmd) Run(ctx context.Context, a *app) error {
	at, err := timeFlag("--at", c.At)
	if err != nil {
		return err
	}
	document, err := c.get(ctx, query("employee", c.Employee, "at", at, "after", c.After), "v1", "customers", c.ID, "may-contact")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).mayContact)
}

func (p *printer) mayContact(m *projections.MayContact) {
	may := "no"
	if m.May {
		may = "yes"
	}
	p.fields("customer", m.Customer, "employee", m.Employee, "may contact", may, "at", when(m.At), "possible again", when(m.NextAt))
	if len(m.Reasons) > 0 {
		rows := make([]table.Row, len(m.Reasons))
		for i, r := range m.Reasons {
			rows[i] = table.Row{string(r.Code), r.Employee, when(r.Since), when(r.Until)}
		}
		p.section("WHY NOT")
		p.table(table.Row{"REASON", "EMPLOYEE", "SINCE", "UNTIL"}, rows)
	}
	if m.LastContact != nil {
		p.lastContacts([]projections.Contact{*m.LastContact})
	}
}

// lastContacts prints contacts, the newest first.
func (p *printer) lastContacts(contacts []projections.Contact) {
	rows := make([]table.Row, len(contacts))
	for i, c := range contacts {
		rows[i] = table.Row{when(c.At), c.Direction, c.Channel, c.Employee, c.Category, c.Content}
	}
	p.section("LAST CONTACTS")
	p.table(table.Row{"AT", "DIRECTION", "CHANNEL", "EMPLOYEE", "CATEGORY", "CONTENT"}, rows)
}

// briefCmd prints what to know before a call.
type briefCmd struct {
	clientFlags
	afterFlag
	ID       string `arg:"" help:"Customer id."`
	Contacts string `help:"How many of the last contacts are shown. Default: 5." placeholder:"N"`
}

// Run reads the brief and prints it.
func (c *briefCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("contacts", c.Contacts, "after", c.After), "v1", "customers", c.ID, "brief")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).brief)
}

func (p *printer) brief(b *projections.Brief) {
	p.fields(
		"customer", b.Customer, "name", b.Name, "org unit", b.OrgUnit, "stage", b.Stage.String(),
		"relationship level", strconv.Itoa(b.RelationshipLevel)+" of 5", "owners", list(b.Owners),
		"preferred channel", b.PreferredChannel, "reachable", yesNo(b.Reachability.Reachable), "about to call", leaseText(b.Lease),
		"as of", when(b.AsOf),
	)
	p.lastContacts(b.Contacts)
	p.matters(b.Matters)
	p.promises(b.Promises)
	p.complaints("OPEN COMPLAINTS", b.Complaints)
	p.surveys(b.Satisfaction)
}

// leaseText says who is about to contact the customer, and until when others are to wait.
func leaseText(l *projections.Lease) string {
	if l == nil {
		return ""
	}
	return l.Employee + " until " + l.Until.String()
}

func (p *printer) promises(promises []projections.BriefPromise) {
	if len(promises) == 0 {
		return
	}
	rows := make([]table.Row, len(promises))
	for i, m := range promises {
		rows[i] = table.Row{m.ID, when(m.Opened), when(m.DueAt)}
	}
	p.section("OPEN PROMISES")
	p.table(table.Row{"PROMISE", "MADE AT", "DUE"}, rows)
}
