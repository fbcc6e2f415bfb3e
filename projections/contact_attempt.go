package projections

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// OutcomeNotReached is the outcome of a follow-up that did not reach the customer, of which no more is known.
const OutcomeNotReached = "not_reached"

// OutcomeReached is the outcome of the newest contact when there was no attempt in vain since.
const OutcomeReached = "reached"

// tried is an attempt in vain to reach the customer, borrowed from its event.
type tried struct {
	outcome  string
	channel  string
	employee string
}

// attempt is what is kept of an attempt in vain.
type attempt struct {
	at      domain.Instant
	outcome string
	event   string
}

// attemptOf returns the attempt in vain that an event is, and whether it is one.
func attemptOf(e *Entry) (tried, bool) {
	switch d := e.Data.(type) {
	case *domain.ContactAttempted:
		return tried{string(d.Outcome), string(d.Channel), d.Employee}, true
	case *domain.FollowUpCompleted:
		return tried{OutcomeNotReached, string(d.Channel), d.Employee}, true
	case *domain.FollowUpAttempted:
		return tried{OutcomeNotReached, string(d.Channel), d.Employee}, true
	}
	return tried{}, false
}

// try takes in an attempt in vain. The newest ones since the last contact are kept, which say whether the customer can be
// reached (ID-09).
func (f *Fold) try(c *Customer, e *Entry, t tried, out *Effects) {
	k := c.contacts()
	k.Attempts++
	k.endLease(t.employee, e.Event.Time)
	f.countAttempt(e.Event.Time, t, c.unitOf(e), out)
	a := attempt{at: e.Event.Time, outcome: strings.Clone(t.outcome), event: e.id()}
	if k.Last.At != 0 && a.at <= k.Last.At {
		return
	}
	i, _ := slices.BinarySearchFunc(k.attempts, a, func(x, a attempt) int {
		return cmp.Or(cmp.Compare(x.at, a.at), strings.Compare(x.outcome, a.outcome), strings.Compare(x.event, a.event))
	})
	attempts := slices.Insert(slices.Clone(k.attempts), i, a)
	k.attempts = attempts[max(0, len(attempts)-domain.MaxAttempts):]
}

// reached takes in that there was a contact at the given instant: the attempts before it are forgotten.
func (k *Contacts) reached(at domain.Instant) {
	n := 0
	for n < len(k.attempts) && k.attempts[n].at <= at {
		n++
	}
	if k.attempts = k.attempts[n:]; len(k.attempts) == 0 {
		k.attempts = nil
	}
}

// Reachability says whether the customer can be reached (ID-09).
type Reachability struct {
	// Reachable is null while nobody was in touch and nobody tried. It is false after as many attempts in vain as the policy
	// says, without a contact in between, and after a wrong number.
	Reachable *bool `json:"reachable"`
	// FailedAttempts counts the attempts in vain since the newest contact, up to domain.MaxAttempts.
	FailedAttempts int `json:"failed_attempts"`
	// LastAttemptAt is the newest of them.
	LastAttemptAt domain.Instant `json:"last_attempt_at"`
	// LastOutcome is the outcome of the newest attempt, or "reached".
	LastOutcome string `json:"last_outcome,omitempty"`
}

// reachability returns whether the customer can be reached, when the policy gives up after so many attempts.
func (k *Contacts) reachability(giveUp int64) Reachability {
	if k == nil || len(k.attempts) == 0 && k.Last.At == 0 {
		return Reachability{}
	}
	if len(k.attempts) == 0 {
		return Reachability{Reachable: new(true), LastOutcome: OutcomeReached}
	}
	last := k.attempts[len(k.attempts)-1]
	return Reachability{Reachable: new(!k.unreachable(giveUp)), FailedAttempts: len(k.attempts), LastAttemptAt: last.at, LastOutcome: last.outcome}
}

// unreachable reports whether the customer cannot be reached, when the policy gives up after so many attempts.
func (k *Contacts) unreachable(giveUp int64) bool {
	wrong := func(a attempt) bool { return a.outcome == string(domain.AttemptWrongNumber) }
	return int64(len(k.attempts)) >= giveUp || slices.ContainsFunc(k.attempts, wrong)
}

func codeAttempt(k *coder, a *attempt) {
	k.instant(&a.at)
	k.string(&a.outcome)
	k.string(&a.event)
}
