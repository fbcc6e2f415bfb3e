package projections_test

import (
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// showComplaints shows what becomes of the complaints in words.
func (s *teller) showComplaints() {
	s.t.Helper()
	cases := s.customer.Cases(projections.CaseComplaint)
	if len(cases) == 0 {
		fmt.Fprintln(&s.out, "no complaints")
	}
	for _, c := range cases {
		d, err := c.Complaint()
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&s.out, "%s %s, %s at %s\n", c.ID, d.Status, c.StatusAt(s.at()), s.at())
		s.tell("filed %s, opened %s, ended %s, near %s, due %s", d.FiledAt, c.Opened, c.Ended, c.Near, c.Due)
		if d.ComplaintFiling != (projections.ComplaintFiling{}) {
			s.tell("about %+v", d.ComplaintFiling)
		}
		s.tell("apology %s, words agreed %s, valid %s after %d decisions and %d reversals, cause %q %q",
			yesNo(d.Apology), yesNo(d.Agreed), yesNo(d.Valid), d.Decisions, d.Reversals, d.Side, d.Cause)
		s.tellCustody(&c, &d.Custody)
		for i := range d.Rounds {
			s.tellRound(&d.Rounds[i])
		}
		for _, x := range d.Compensation {
			s.tell("compensated %d times with %d %s", x.Times, x.Minor, x.Currency)
		}
		for _, x := range d.Measures {
			s.tell("measure %q for %q at %s by %s", x.Measure, x.OrgUnit, x.At, x.Event)
		}
		if len(d.Similar) > 0 || d.RecurrenceOf != "" {
			s.tell("similar to %v, recurrence of %q", d.Similar, d.RecurrenceOf)
		}
		s.tell("skipped %v", d.Skipped)
		for _, x := range d.Steps {
			s.tellStep(&x)
		}
	}
}

func (s *teller) tell(format string, args ...any) { fmt.Fprintf(&s.out, "  "+format+"\n", args...) }

func (s *teller) tellCustody(c *projections.Case, d *projections.ComplaintCustody) {
	s.tell("with %q, pending %t, orphaned %t; handed over %d, returned %d, ping-pong %d",
		c.Holder, d.Pending, d.Orphaned, d.HandedOver, d.Returned, d.PingPong)
	for _, h := range d.Holdings {
		text := fmt.Sprintf("%s to %s", clock(h.From), clock(h.To))
		if h.AcceptedAt != 0 {
			text += ", accepted " + clock(h.AcceptedAt)
		}
		if h.Returned {
			text += ", given back"
		}
		s.tell("  %s from %s", h.Holder, text)
	}
}

func (s *teller) tellRound(r *projections.ComplaintRound) {
	s.tell("open from %s to %s, satisfied %s, still %s", clock(r.OpenedAt), clock(r.ResolvedAt), yesNo(r.Satisfied), yesNo(r.StillSatisfied()))
	for _, x := range r.FollowUps {
		s.tell("  followed up %s by %s, reached %t, satisfied %s", clock(x.At), x.Channel, x.Reached, yesNo(x.Satisfied))
	}
}

func (s *teller) tellStep(x *projections.ComplaintStepView) {
	words := []string{clock(x.At), x.Event, x.Step.String()}
	for _, word := range []string{x.Who, x.What} {
		if word != "" {
			words = append(words, word)
		}
	}
	if x.Yes != nil {
		words = append(words, yesNo(x.Yes))
	}
	if x.OutOfTurn {
		words = append(words, "(out of turn)")
	}
	s.tell("- %s", strings.Join(words, " "))
}

// clock returns an instant to the minute.
func clock(at domain.Instant) string {
	if at == 0 {
		return "now"
	}
	return at.Time().Format("2006-01-02 15:04")
}

func yesNo(yes *bool) string {
	switch {
	case yes == nil:
		return "unknown"
	case *yes:
		return "yes"
	default:
		return "no"
	}
}
