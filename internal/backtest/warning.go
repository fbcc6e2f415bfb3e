package backtest

import (
	"context"
	"slices"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// WarningReport says whether the warnings of a policy came before losses, over the whole log.
type WarningReport struct {
	// Raised is how many warnings there were. Of those Right were followed by a loss that was reported or inferred, within the
	// horizon or while they were open, False were not, and Undecided were raised too late to tell.
	Raised    int `json:"raised"`
	Right     int `json:"right"`
	False     int `json:"false"`
	Undecided int `json:"undecided"`
	// Reported are the losses that somebody reported, Inferred those that only silence tells, which is what most scores look at too.
	Reported LossReport `json:"reported"`
	Inferred LossReport `json:"inferred"`
}

// LossReport says how many losses had been warned of.
type LossReport struct {
	Losses int `json:"losses"`
	// Caught are those before which a warning was open, Missed the others.
	Caught int `json:"caught"`
	Missed int `json:"missed"`
	// LeadDays is the median of the days from the warning to the loss it caught; nil without one.
	LeadDays *float64 `json:"median_lead_days"`
}

// alarms are what the fold told under a policy while the whole log was replayed.
type alarms struct {
	// policy is the name of the policy, version that of the one in force at the end.
	policy, version string
	of              map[string]*watched
}

// watched is what the fold told of one customer.
type watched struct {
	// steps are the changes of the level of the warning, in order.
	steps []step
	// inferred are the instants from which silence showed a loss.
	inferred []domain.Instant
	sequence int32
}

// step is a change of level. The level is RiskLow when the warning ends.
type step struct {
	at    domain.Instant
	level domain.RiskLevel
}

// watch replays the whole log under a policy. bought sees its events.
func (b *backtest) watch(ctx context.Context, policy Policy, bought *purchases) (alarms, error) {
	c := collector{of: make(map[string]*watched)}
	store, err := b.replays.until(ctx, policy, 0, observer{before: bought.see, outlet: &c})
	if err != nil {
		return alarms{}, err
	}
	found := alarms{policy: policy.Name, of: c.of}
	for p := range b.replays.ends {
		contents, err := store.Contents(p)
		if err != nil {
			return alarms{}, err
		}
		found.version = contents.Fold.Policy().Version
		for stream := range contents.Streams() {
			// The events have told what came before them. This is what silence brought after the last of each customer.
			var out projections.Effects
			out.Publish()
			snapshot := *stream
			contents.Fold.Advance(&snapshot, bought.last, &out)
			c.take(out.Outputs)
		}
	}
	return found, nil
}

// collector is an outlet that keeps what the fold tells of warnings and losses.
type collector struct {
	mu sync.Mutex
	of map[string]*watched
}

// Publish takes outputs in.
func (c *collector) Publish(_ context.Context, outputs []projections.Output) error {
	c.take(outputs)
	return nil
}

// take keeps each output once: those of a customer on a topic are numbered.
func (c *collector) take(outputs []projections.Output) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range outputs {
		o := &outputs[i]
		if o.Topic != projections.TopicChurn {
			continue
		}
		w := c.of[o.Customer]
		if w == nil {
			w = new(watched)
			c.of[o.Customer] = w
		}
		if o.Sequence > w.sequence {
			w.sequence = o.Sequence
			w.note(o)
		}
	}
}

func (w *watched) note(o *projections.Output) {
	switch d := o.Data.(type) {
	case *domain.ChurnWarningRaised:
		w.step(o.At, d.Level)
	case *domain.ChurnWarningEscalated:
		w.step(o.At, d.Level)
	case *domain.ChurnWarningEased:
		w.step(o.At, d.Level)
	case *domain.ChurnWarningCleared, *domain.ChurnWarningWithdrawn:
		w.step(o.At, domain.RiskLow.String())
	case *domain.ChurnLossInferred:
		w.inferred = append(w.inferred, o.At)
	}
}

func (w *watched) step(at domain.Instant, name string) {
	var level domain.RiskLevel
	if level.UnmarshalText([]byte(name)) == nil {
		w.steps = append(w.steps, step{at, level})
	}
}

// episode is the time from which a warning is open up to its end, zero while it is open.
type episode struct{ from, to domain.Instant }

// foretells reports whether the warning was open before the loss and up to it.
func (e episode) foretells(x loss) bool { return e.from < x.at && (e.to == 0 || e.to >= x.at) }

// episodes returns when the warning was at a level or above, in order.
func (w *watched) episodes(least domain.RiskLevel) []episode {
	if w == nil {
		return nil
	}
	var all []episode
	open := false
	for _, s := range w.steps {
		switch {
		case s.level >= least && !open:
			all = append(all, episode{from: s.at})
		case s.level < least && open:
			all[len(all)-1].to = s.at
		}
		open = s.level >= least
	}
	return all
}

// loss is a loss of a customer, reported or only inferred.
type loss struct {
	at       domain.Instant
	reported bool
}

// losses returns the losses of a customer in order. Reports of one that was told before, with no purchase between, are the
// same loss, and make it a reported one.
func (l *life) losses(w *watched) []loss {
	var all []loss
	for _, at := range l.lost {
		all = append(all, loss{at, true})
	}
	if w != nil {
		for _, at := range w.inferred {
			all = append(all, loss{at, false})
		}
	}
	slices.SortFunc(all, func(a, b loss) int { return int(max(-1, min(1, a.at-b.at))) })
	distinct := all[:0]
	for _, x := range all {
		n := len(distinct)
		if n > 0 && !l.boughtBetween(distinct[n-1].at, x.at) {
			distinct[n-1].reported = distinct[n-1].reported || x.reported
			continue
		}
		distinct = append(distinct, x)
	}
	return distinct
}

func (l *life) boughtBetween(from, to domain.Instant) bool {
	return slices.ContainsFunc(l.occasions, func(o occasion) bool { return o.at > from && o.at <= to })
}

// report counts warnings and losses up to the end of the log.
func (a *alarms) report(lives []*life, horizon int, end domain.Instant) WarningReport {
	var r WarningReport
	var reported, inferred []float64
	for _, l := range lives {
		w := a.of[l.id]
		open := w.episodes(domain.RiskWatch)
		losses := l.losses(w)
		for _, e := range open {
			r.count(e, losses, domain.Instant(horizon)*domain.Day, end)
		}
		for _, x := range losses {
			if x.reported {
				reported = r.Reported.count(x, open, reported)
			} else {
				inferred = r.Inferred.count(x, open, inferred)
			}
		}
	}
	r.Reported.LeadDays, r.Inferred.LeadDays = median(reported), median(inferred)
	return r
}

// count counts a warning.
func (r *WarningReport) count(e episode, losses []loss, horizon, end domain.Instant) {
	r.Raised++
	switch {
	case slices.ContainsFunc(losses, func(x loss) bool { return e.foretells(x) || x.at >= e.from && x.at <= e.from+horizon }):
		r.Right++
	case e.from+horizon <= end:
		r.False++
	default:
		r.Undecided++
	}
}

// count counts a loss and appends its lead when it was caught.
func (r *LossReport) count(x loss, open []episode, leads []float64) []float64 {
	r.Losses++
	for _, e := range open {
		if e.foretells(x) {
			r.Caught++
			return append(leads, float64(x.at-e.from)/float64(domain.Day))
		}
	}
	r.Missed++
	return leads
}

// median returns the middle of the values, the mean of the two in the middle of an even number; nil without any.
func median(values []float64) *float64 {
	n := len(values)
	if n == 0 {
		return nil
	}
	slices.Sort(values)
	return new((values[(n-1)/2] + values[n/2]) / 2)
}
