// Package lifecycletest decides the lifecycle of customers who only buy and give back, by brute force. It is the oracle
// against which the fold is tested: written from the text of the domain (docs, "Lifecycle"), it shares no code with the
// fold and none with package domain, and computes every condition anew from the whole history, in exact rational
// arithmetic.
package lifecycletest

import (
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Event is a purchase or the return of goods.
type Event struct {
	At       time.Time
	Purchase bool
}

// Move is one step through the lifecycle. The first one comes from "none".
type Move struct {
	At       time.Time
	From, To string
	// WonBack marks the way back from decline or termination, Inferred an end that only silence tells.
	WonBack, Inferred bool
}

// String returns the move in one line.
func (m Move) String() string {
	return fmt.Sprintf("%s %s → %s (won back %t, inferred %t)", m.At.UTC().Format(time.RFC3339Nano), m.From, m.To, m.WonBack, m.Inferred)
}

// Moves returns all moves of one customer up to an instant, that instant included. Events are in the order of their
// time. It panics when they are not: what a late event does is not part of this oracle.
func Moves(events []Event, until time.Time, zone *time.Location) []Move {
	l := &life{stage: "none", zone: zone}
	for i, e := range events {
		if i > 0 && e.At.Before(events[i-1].At) {
			panic("lifecycletest: events are out of order")
		}
		if e.At.After(until) {
			break
		}
		// Silence up to the very instant of an event has its effect before the event.
		l.live(micros(e.At))
		l.happen(e)
	}
	l.live(micros(until))
	return l.moves
}

// StageAt returns the stage in force at an instant.
func StageAt(moves []Move, at time.Time) string {
	stage := "none"
	for _, m := range moves {
		if !m.At.After(at) {
			stage = m.To
		}
	}
	return stage
}

// life is a customer on the way through time.
type life struct {
	zone  *time.Location
	stage string
	moves []Move
	// purchases are the instants of all purchases so far.
	purchases []int64
	// grownAt is when the growth in force began, and growing the purchases since then, the one it began with included.
	grownAt int64
	growing []int64
	// now is the last instant that was looked at.
	now int64
	// gap is the usual gap of as many purchases as counted says. It is asked for at many instants between two purchases.
	gap     *big.Rat
	counted int
}

// The policy of the domain's default.
const (
	priorDays       = 60
	priorWeight     = 2
	maturityDays    = 90
	maturityTimes   = 3
	declineGaps     = 2
	terminationGaps = 6
	terminationDays = 365
	dayMicros       = 24 * 60 * 60 * 1_000_000
)

// happen applies one event.
func (l *life) happen(e Event) {
	at := micros(e.At)
	if l.stage == "none" {
		l.enter("prospect", at)
	}
	if e.Purchase {
		l.purchases = append(l.purchases, at)
		switch l.stage {
		case "prospect", "decline", "termination":
			wonBack := l.stage != "prospect"
			l.enter("growth", at)
			l.moves[len(l.moves)-1].WonBack = wonBack
			l.grownAt, l.growing = at, nil
		}
		if l.stage == "growth" {
			l.growing = append(l.growing, at)
		}
	}
	l.look(at)
}

// live lets time pass, looking at every instant around which a condition can become true.
func (l *life) live(until int64) {
	var instants []int64
	for _, due := range l.thresholds() {
		for _, at := range []int64{due - 1, due, due + 1, due + 2} {
			if at > l.now && at <= until {
				instants = append(instants, at)
			}
		}
	}
	slices.Sort(instants)
	for _, at := range append(instants, until) {
		l.look(at)
	}
}

// thresholds returns the whole microseconds at or just before which the conditions begin to hold.
func (l *life) thresholds() []int64 {
	if len(l.purchases) == 0 {
		return nil
	}
	last := l.purchases[len(l.purchases)-1]
	gap := l.usualGap()
	return []int64{
		last + floor(times(gap, declineGaps)),
		last + floor(times(gap, terminationGaps)),
		last + terminationDays*dayMicros,
		l.grownAt + maturityDays*dayMicros,
	}
}

// look applies the conditions that hold at an instant: termination, decline, maturity.
func (l *life) look(at int64) {
	l.now = at
	if l.terminationHolds(at) {
		l.enter("termination", at)
		l.moves[len(l.moves)-1].Inferred = true
	}
	if l.declineHolds(at) {
		l.enter("decline", at)
	}
	if l.maturityHolds(at) {
		l.enter("maturity", at)
	}
}

// terminationHolds: the silence reaches the larger of six usual gaps and 365 days.
func (l *life) terminationHolds(at int64) bool {
	if l.stage != "growth" && l.stage != "maturity" && l.stage != "decline" {
		return false
	}
	silence := big.NewRat(l.silence(at), 1)
	return silence.Cmp(times(l.usualGap(), terminationGaps)) >= 0 && silence.Cmp(big.NewRat(terminationDays*dayMicros, 1)) >= 0
}

// declineHolds: the silence exceeds two usual gaps.
func (l *life) declineHolds(at int64) bool {
	if l.stage != "growth" && l.stage != "maturity" {
		return false
	}
	return big.NewRat(l.silence(at), 1).Cmp(times(l.usualGap(), declineGaps)) > 0
}

// maturityHolds: since growth began there were three occasions, and 90 days have passed.
func (l *life) maturityHolds(at int64) bool {
	if l.stage != "growth" {
		return false
	}
	return at-l.grownAt >= maturityDays*dayMicros && len(l.days(l.growing)) >= maturityTimes
}

// silence returns the microseconds since the last purchase.
func (l *life) silence(at int64) int64 { return at - l.purchases[len(l.purchases)-1] }

// usualGap returns (k·prior + Σ gaps)/(k + number of gaps) in microseconds. Gaps are whole days between consecutive
// occasions.
func (l *life) usualGap() *big.Rat {
	if l.counted == len(l.purchases) {
		return l.gap
	}
	days := l.days(l.purchases)
	sum, n := int64(0), int64(0)
	for i := 1; i < len(days); i++ {
		sum += days[i] - days[i-1]
		n++
	}
	gap := big.NewRat(priorWeight*priorDays+sum, priorWeight+n)
	l.gap, l.counted = gap.Mul(gap, big.NewRat(dayMicros, 1)), len(l.purchases)
	return l.gap
}

// days returns the occasions among purchases: the calendar days on which they fall, each once, as day numbers.
func (l *life) days(purchases []int64) []int64 {
	var days []int64
	for _, p := range purchases {
		y, m, d := time.UnixMicro(p).In(l.zone).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
		if !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	return days
}

// enter records a move.
func (l *life) enter(stage string, at int64) {
	l.moves = append(l.moves, Move{At: time.UnixMicro(at).UTC(), From: l.stage, To: stage})
	l.stage = stage
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func times(r *big.Rat, n int64) *big.Rat { return new(big.Rat).Mul(r, big.NewRat(n, 1)) }

func floor(r *big.Rat) int64 {
	q := new(big.Int)
	return q.Div(r.Num(), r.Denom()).Int64()
}
