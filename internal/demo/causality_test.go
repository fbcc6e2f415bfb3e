package demo

import (
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

// story is what a test wants to know of one customer.
type story struct {
	occasions, complaints, signs int
	cause                        domain.ChurnCause
	lost, ended                  bool
	last                         domain.Instant
}

// stories follows every customer of the default run up to their first loss.
func stories(t *testing.T) map[string]*story {
	t.Helper()
	all := map[string]*story{}
	for ev := range setup(t, Options{}).Events() {
		s := all[ev.Subject]
		if s == nil {
			s = &story{}
			all[ev.Subject] = s
		}
		switch ev.Type {
		case "churn.cause_determined":
			s.cause = cause(t, ev)
		case "customer.lost":
			s.lost = true
		case "relationship.ended":
			s.ended = true
		}
		if s.lost {
			continue
		}
		switch ev.Type {
		case "purchase.recorded":
			s.occasions++
			s.last = ev.Time
		case "complaint.filed":
			s.complaints++
		case "competitor.mentioned", "price.objected":
			s.signs++
		}
	}
	return all
}

// rate is how often something happened in a hundred purchase occasions.
type rate struct{ customers, occasions, complaints, signs int }

func (r *rate) add(s *story) {
	r.customers++
	r.occasions += s.occasions
	r.complaints += s.complaints
	r.signs += s.signs
}

func TestCustomersWhoLeaveForTheDealersSakeComplainedMoreThanThoseWhoStay(t *testing.T) {
	t.Parallel()
	var left, stayed, silent rate
	for _, s := range stories(t) {
		switch quiet := testEnd-s.last > 200*domain.Day; {
		case s.occasions < 2:
		case s.lost && (s.cause == domain.CauseServiceQuality || s.cause == domain.CauseProductQuality):
			left.add(s)
		case s.lost || s.ended:
		case quiet:
			silent.add(s)
		default:
			stayed.add(s)
		}
	}
	if left.customers < 20 || stayed.customers < 500 || silent.customers < 20 {
		t.Fatalf("too few customers of a kind: left %+v, stayed %+v, silent %+v", left, stayed, silent)
	}
	// Products in place of quotients: complaints per occasion of those who left against twice that of the others.
	if left.complaints*stayed.occasions < 2*stayed.complaints*left.occasions {
		t.Errorf("complaints tell nothing of the loss: left %+v, stayed %+v", left, stayed)
	}
	if left.signs*stayed.occasions < 2*stayed.signs*left.occasions {
		t.Errorf("price objections and competitors tell nothing of the loss: left %+v, stayed %+v", left, stayed)
	}
}

func TestWeakDealersLoseMoreCustomersByTheirOwnFaultThanStrongOnes(t *testing.T) {
	t.Parallel()
	levels := map[string]int{}
	for _, p := range dealerPlans() {
		levels[brand+"/"+p.region+"/"+p.name] = p.level
	}
	var weak, strong struct{ customers, losses int }
	for ev := range setup(t, Options{}).Events() {
		r := &weak
		switch level := levels[ev.OrgUnit]; {
		case level > 800:
			r = &strong
		case level > 600:
			continue
		}
		switch ev.Type {
		case "customer.registered":
			r.customers++
		case "churn.cause_determined":
			if cause(t, ev).Side() == domain.SideEnterprise {
				r.losses++
			}
		}
	}
	if weak.losses*strong.customers < 3*strong.losses*weak.customers {
		t.Errorf("weak dealers %+v lose less than three times the share of strong ones %+v", weak, strong)
	}
}

func cause(t *testing.T, ev domain.Event) domain.ChurnCause {
	t.Helper()
	var d domain.ChurnCauseDetermined
	if err := json.Unmarshal(ev.Data, &d); err != nil {
		t.Fatal(err)
	}
	return d.Cause
}
