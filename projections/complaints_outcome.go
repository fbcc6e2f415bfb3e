package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// ComplaintOutcome says whether customers were satisfied with the result, measured twice: before they left and at the
// follow-up (SAT-23). Each resolution counts, also one after which the complaint was opened again.
type ComplaintOutcome struct {
	// Before is the share satisfied of those asked before they left, After of those who answered at the follow-up.
	Before statistics.ShareFigure `json:"before"`
	After  statistics.ShareFigure `json:"after"`
	// Decayed is the share no longer satisfied of those who were before they left and were asked again, Improved the share
	// satisfied of those who had not been.
	Decayed  statistics.ShareFigure `json:"decayed"`
	Improved statistics.ShareFigure `json:"improved"`
}

// ComplaintFollowUps says how resolutions were followed up (CMP-08).
type ComplaintFollowUps struct {
	// FollowedUp is the share of the resolutions after which the customer was asked or tried, Reached the share of those
	// in which they were reached, and ByRule the share in which that was by phone or letter, as the rule has it.
	FollowedUp statistics.ShareFigure `json:"followed_up"`
	Reached    statistics.ShareFigure `json:"reached"`
	ByRule     statistics.ShareFigure `json:"by_phone_or_letter"`
	// Channels counts all follow-ups by channel.
	Channels []ComplaintChannel `json:"channels"`
}

// ComplaintChannel counts the follow-ups by one channel.
type ComplaintChannel struct {
	Channel string `json:"channel"`
	Count   int64  `json:"count"`
}

// ComplaintPraise is what customers said beside complaints (CMP-16).
type ComplaintPraise struct {
	Praise      int64 `json:"praise"`
	Suggestions int64 `json:"suggestions"`
	// PerComplaint is praise divided by complaints, null without complaints and where the filter asks for what praise does
	// not tell: a subject, a product, a step of work.
	PerComplaint *float64 `json:"praise_per_complaint"`
}

func (r *complaintReporter) outcome() ComplaintOutcome {
	var before, after, decayed, improved statistics.Share
	for round := range r.resolutions() {
		first, again := answerOf(round.Satisfied), answerOf(round.StillSatisfied())
		asked, asked2 := first != answerUnknown, again != answerUnknown
		addShare(&before, first == answerYes, asked)
		addShare(&after, again == answerYes, asked2)
		addShare(&decayed, again == answerNo, asked2 && first == answerYes)
		addShare(&improved, again == answerYes, asked2 && first == answerNo)
	}
	return ComplaintOutcome{
		Before: r.reporting.Share(before), After: r.reporting.Share(after),
		Decayed: r.reporting.Share(decayed), Improved: r.reporting.Share(improved),
	}
}

// resolutions are the rounds of the complaints that ended.
func (r *complaintReporter) resolutions() func(yield func(*ComplaintRound) bool) {
	return func(yield func(*ComplaintRound) bool) {
		for _, c := range r.chosen {
			for i := range c.Rounds {
				if c.Rounds[i].ResolvedAt != 0 && !yield(&c.Rounds[i]) {
					return
				}
			}
		}
	}
}

func (r *complaintReporter) followUps() ComplaintFollowUps {
	var followed, reached, byRule statistics.Share
	channels := make(map[string]int64)
	for round := range r.resolutions() {
		var wasReached, asRuled bool
		for _, x := range round.FollowUps {
			channels[x.Channel]++
			wasReached = wasReached || x.Reached
			asRuled = asRuled || x.Channel == string(domain.ChannelPhone) || x.Channel == string(domain.ChannelLetter)
		}
		any := len(round.FollowUps) > 0
		addShare(&followed, any, true)
		addShare(&reached, wasReached, any)
		addShare(&byRule, asRuled, any)
	}
	report := ComplaintFollowUps{
		FollowedUp: r.reporting.Share(followed), Reached: r.reporting.Share(reached), ByRule: r.reporting.Share(byRule),
		Channels: []ComplaintChannel{},
	}
	for _, name := range slices.Sorted(maps.Keys(channels)) {
		report.Channels = append(report.Channels, ComplaintChannel{Channel: name, Count: channels[name]})
	}
	return report
}

func (r *complaintReporter) praise(view *CellView) ComplaintPraise {
	var p ComplaintPraise
	if view == nil {
		return p
	}
	for i := range view.Cells {
		switch n := view.Cells[i].Counts[PraiseCount]; view.Cells[i].Names[0] {
		case PraiseNamed:
			p.Praise += n
		case SuggestionNamed:
			p.Suggestions += n
		}
	}
	if len(r.chosen) > 0 && cmp.Or(r.filter.Subject, r.filter.Product, r.filter.WorkStep) == "" {
		p.PerComplaint = new(float64(p.Praise) / float64(len(r.chosen)))
	}
	return p
}
