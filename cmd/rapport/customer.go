package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// customerCmd prints one customer.
type customerCmd struct {
	clientFlags
	afterFlag
	ID      string `arg:"" help:"Customer id."`
	AsOf    string `help:"As the customer was then, RFC 3339 or a date (its first instant in UTC)." placeholder:"TIME"`
	KnownAt string `help:"Only what had been recorded by then." placeholder:"TIME"`
}

// Run reads the customer and prints it.
func (c *customerCmd) Run(ctx context.Context, a *app) error {
	asOf, err := timeFlag("--as-of", c.AsOf)
	if err != nil {
		return err
	}
	knownAt, err := timeFlag("--known-at", c.KnownAt)
	if err != nil {
		return err
	}
	q := query("as_of", asOf, "known_at", knownAt, "after", c.After)
	document, err := c.get(ctx, q, "v1", "customers", c.ID)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).customer)
}

// timeFlag returns the value of a flag as an RFC 3339 time, empty for a flag that is not set.
func timeFlag(name, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	i, err := parseWhen(value)
	if err != nil {
		return "", &exitError{exitUsage, fmt.Errorf("%s: %w", name, err)}
	}
	return i.String(), nil
}

// printCustomer prints a customer of this program's own.
func (a *app) printCustomer(v *projections.CustomerView) error {
	return printValue(a, v, (*printer).customer)
}

// customerDocument is the public form of a customer as it is read back: the rules behind moves are names there, and a
// server may know more of them than this program.
type customerDocument struct {
	projections.CustomerView
	Lifecycle struct {
		projections.LifecycleView
		Reason  string         `json:"reason"`
		Moves   []moveDocument `json:"moves"`
		Outlook []moveDocument `json:"outlook"`
	} `json:"lifecycle"`
}

// moveDocument is the part of a move that is printed.
type moveDocument struct {
	At       domain.Instant `json:"at"`
	From     domain.Stage   `json:"from"`
	To       domain.Stage   `json:"to"`
	Reason   string         `json:"reason"`
	Inferred bool           `json:"inferred"`
	WonBack  bool           `json:"won_back"`
	Evidence []string       `json:"evidence"`
}

func (p *printer) customer(c *customerDocument) {
	p.profile(c)
	p.known(&c.Profile)
	p.stage(c)
	p.moves("MOVES", c.Lifecycle.Moves)
	p.moves("OUTLOOK: WHAT SILENCE ALONE WOULD BRING", c.Lifecycle.Outlook)
	if c.Warning != nil {
		p.section("LATEST WARNING")
		p.warnings([]projections.WarningView{*c.Warning})
	}
	p.trade(&c.Trade)
	p.customerValue(&c.Value)
	p.contacts(&c.Contacts)
	p.ownerships(c.Profile.Ownerships)
	p.matters(c.Matters)
	p.deadlines(c.Deadlines)
	p.complaints("COMPLAINTS", c.Complaints)
	p.losses(c.Losses)
	p.surveys(c.Satisfaction)
}

func (p *printer) profile(c *customerDocument) {
	f := &c.Profile
	p.fields(
		"customer", c.ID,
		"name", f.Name,
		"party type", f.PartyType,
		"purpose", f.Purpose,
		"org unit", f.OrgUnit,
		"owners", list(f.Owners),
		"absorbed", list(f.Absorbed),
		"erasure requested", when(f.ErasureRequested),
		"events", fmt.Sprintf("%d from %s to %s", c.Version, c.FirstEventAt, c.LastEventAt),
		"late events", number(c.LateEvents),
		"as of", when(c.AsOf),
		"position", c.Position.String(),
		"policy", c.PolicyVersion,
	)
}

// known prints the facts about a customer, the names elsewhere and the consents, each as a table.
func (p *printer) known(f *projections.ProfileView) {
	if len(f.Attributes) > 0 {
		rows := make([]table.Row, 0, len(f.Attributes))
		for _, a := range f.Attributes {
			rows = append(rows, table.Row{a.Name, string(a.Value), a.Knowledge, when(a.At)})
		}
		p.line("")
		p.table(table.Row{"ATTRIBUTE", "VALUE", "KNOWLEDGE", "AT"}, rows)
	}
	if len(f.Identifiers) > 0 {
		rows := make([]table.Row, 0, len(f.Identifiers))
		for _, n := range f.Identifiers {
			rows = append(rows, table.Row{n.Scheme, n.Value})
		}
		p.line("")
		p.table(table.Row{"SCHEME", "IDENTIFIER"}, rows)
	}
	if len(f.Consents) > 0 {
		rows := make([]table.Row, 0, len(f.Consents))
		for _, n := range f.Consents {
			rows = append(rows, table.Row{n.Purpose, given(n.Given), when(n.At)})
		}
		p.line("")
		p.table(table.Row{"PURPOSE", "CONSENT", "AT"}, rows)
	}
}

func (p *printer) stage(c *customerDocument) {
	l := &c.Lifecycle
	override := ""
	if o := l.Override; o != nil {
		override = o.Stage.String() + " by hand: " + o.Reason + " (event " + o.Event + ")"
		if o.Until != 0 {
			override += " until " + o.Until.String()
		}
	}
	p.section("STAGE")
	p.fields(
		"stage", l.Stage.String()+marks(l.Inferred, l.WonBack),
		"since", when(l.Since),
		"reason", l.Reason,
		"evidence", list(l.Evidence),
		"override", override,
		"lifecycle started", when(l.StartedAt),
		"acquisition path", l.Path,
		"relationship level", strconv.Itoa(l.RelationshipLevel)+" of 5",
		"ended unsettled", when(l.EndedAt),
	)
}

func (p *printer) moves(title string, moves []moveDocument) {
	if len(moves) == 0 {
		return
	}
	rows := make([]table.Row, 0, len(moves))
	for i := range moves {
		m := &moves[i]
		rows = append(rows, table.Row{when(m.At), m.From.String(), m.To.String(), m.Reason + marks(m.Inferred, m.WonBack), list(m.Evidence)})
	}
	p.section(title)
	p.table(table.Row{"AT", "FROM", "TO", "REASON", "EVIDENCE"}, rows)
}

func (p *printer) trade(t *projections.TradeView) {
	lastGap, silence := "", ""
	if t.LastGapDays != nil {
		lastGap = strconv.FormatInt(*t.LastGapDays, 10) + " days"
	}
	if t.SilenceDays != nil {
		silence = days(*t.SilenceDays)
	}
	p.section("TRADE")
	p.fields(
		"purchases", strconv.FormatInt(t.Purchases, 10),
		"occasions", number(int64(t.Occasions)),
		"returns", number(t.Returns),
		"quantity", number(t.Quantity),
		"first purchase", when(t.FirstPurchaseAt),
		"last purchase", when(t.LastPurchaseAt),
		"usual gap", days(t.UsualGapDays),
		"last gap", lastGap,
		"silence", silence,
		"contracts", number(int64(t.Contracts)),
		"subscriptions", list(t.Subscriptions),
		"renewals", number(int64(t.Renewals)),
		"referrals", number(int64(t.Referrals)),
	)
	p.sums(t)
}

// sums prints the trade by currency and the costs by kind.
func (p *printer) sums(t *projections.TradeView) {
	if len(t.Sums) > 0 {
		rows := make([]table.Row, 0, len(t.Sums))
		for _, s := range t.Sums {
			rows = append(rows, table.Row{
				s.Currency, amount(decimal(s.PurchasedMinor, s.Currency)), amount(decimal(s.ReturnedMinor, s.Currency)),
				amount(decimal(s.PurchasedMinor-s.ReturnedMinor, s.Currency)),
			})
		}
		p.line("")
		p.table(table.Row{"CURRENCY", "PURCHASED", "RETURNED", "NET"}, rows)
	}
	if len(t.Costs) > 0 {
		rows := make([]table.Row, 0, len(t.Costs))
		for _, k := range t.Costs {
			rows = append(rows, table.Row{k.Kind, amount(money(k.Minor, clean(k.Currency)))})
		}
		p.line("")
		p.table(table.Row{"COST", "AMOUNT"}, rows)
	}
}

func (p *printer) contacts(k *projections.ContactsView) {
	p.section("CONTACTS")
	p.fields(
		"inbound", strconv.FormatInt(k.Inbound, 10),
		"outbound", strconv.FormatInt(k.Outbound, 10),
		"attempts", strconv.FormatInt(k.Attempts, 10),
		"last inbound", when(k.LastInboundAt),
		"last outbound", when(k.LastOutboundAt),
		"reachable", yesNo(k.Reachability.Reachable),
		"failed attempts", number(int64(k.Reachability.FailedAttempts)),
		"about to call", leaseText(k.Lease),
		"others wait", gapText(k.Gap),
		"collisions", number(k.Collisions),
	)
	if c := k.Last; c != nil {
		p.line("")
		p.table(table.Row{"LAST CONTACT", "DIRECTION", "CHANNEL", "EMPLOYEE", "CATEGORY", "EVENT", "CONTENT"}, []table.Row{
			{when(c.At), c.Direction, c.Channel, c.Employee, c.Category, c.Event, c.Content},
		})
	}
}

func (p *printer) matters(matters []projections.Matter) {
	if len(matters) == 0 {
		return
	}
	rows := make([]table.Row, 0, len(matters))
	for _, m := range matters {
		rows = append(rows, table.Row{string(m.Kind), m.ID, when(m.Opened), m.Event})
	}
	p.section("OPEN MATTERS")
	p.table(table.Row{"KIND", "ID", "OPENED AT", "EVENT"}, rows)
}

// marks returns what sets a move apart, in parentheses.
func marks(inferred, wonBack bool) string {
	var m []string
	if inferred {
		m = append(m, "inferred")
	}
	if wonBack {
		m = append(m, "won back")
	}
	if len(m) == 0 {
		return ""
	}
	return " (" + strings.Join(m, ", ") + ")"
}

func given(yes bool) string {
	if yes {
		return "given"
	}
	return "withdrawn"
}

// number returns n, empty for zero.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// days returns a length of time in days with one digit after the point.
func days(d float64) string { return strconv.FormatFloat(d, 'f', 1, 64) + " days" }
