package projections

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
)

// Satisfaction is what a customer answered last (SAT-05, SAT-06). A Satisfaction is replaced, never changed.
type Satisfaction struct {
	// Latest is the latest answer to each questionnaire that each source asked, in the order of questionnaire and source.
	Latest []Survey
}

// Survey is the answer of a customer to a questionnaire.
type Survey struct {
	Questionnaire string
	Source        string
	Mode          string
	At            domain.Instant
	// Event is the id of the event that brought it.
	Event string
	// Of is what the survey was about, when it was said.
	Of string
	// Weights is the version of the weights in force when it was answered, under which the index was computed.
	Weights string
	// Index is in thousandths of a point, and Before that of the answer before it; noIndex without one.
	Index, Before int32
	// BeforeEvent is the id of the event that brought the answer before, empty without one.
	BeforeEvent string
	// month, unit and staff say in which cells it was counted.
	month domain.Month
	unit  string
	staff []Assigned
	// invited says that it answers an invitation.
	invited bool
	items   itemAnswers
}

// Assigned is an employee in a role.
type Assigned struct {
	Role     string `json:"role"`
	Employee string `json:"employee"`
}

// noIndex stands for the index of an answer without one: no item of the index was scored.
const noIndex = -1

// applySatisfaction counts surveys and keeps the latest answers. An answer to which the customer has given a newer one
// already, because it was recorded late, counts among all answers and changes nothing else.
func (f *Fold) applySatisfaction(c *Customer, e *Entry, out *Effects) {
	switch d := e.Data.(type) {
	case *domain.SurveyAnswered:
		f.applySurvey(c, e, d, out)
	case *domain.SurveyInvited:
		f.countSurvey(c, e, d.Questionnaire, d.Source, SurveyInvited, out)
	case *domain.SurveyRefused:
		f.countSurvey(c, e, d.Questionnaire, d.Source, SurveyRefused, out)
	}
}

func (f *Fold) applySurvey(c *Customer, e *Entry, d *domain.SurveyAnswered, out *Effects) {
	reading, _ := f.policy.ReadSurvey(d)
	if reading == nil {
		return
	}
	s := f.newSurvey(c, e, d, reading)
	s.count(&out.Rollups, CellAnswer, CellSurvey, false)
	before := c.Satisfaction.find(s.Questionnaire, s.Source)
	if before != nil {
		if before.At > s.At {
			return
		}
		s.Before, s.BeforeEvent = before.Index, before.Event
		before.count(&out.Rollups, CellLatest, CellSurveyLatest, true)
	}
	s.count(&out.Rollups, CellLatest, CellSurveyLatest, false)
	c.Satisfaction = c.Satisfaction.with(s)
	f.respond(c, e, &s, before, out)
}

// newSurvey reads an answer. The strings of the event are cloned; those of the policy are shared with it.
func (f *Fold) newSurvey(c *Customer, e *Entry, d *domain.SurveyAnswered, reading *questionnaire.Reading) Survey {
	definition := reading.Definition()
	s := Survey{
		Questionnaire: definition.Name, Source: strings.Clone(string(d.Source)), Mode: strings.Clone(string(d.Mode)),
		At: e.Event.Time, Event: e.id(), Of: strings.Clone(d.Of), Index: noIndex, Before: noIndex,
		month: f.monthOf(e.Event.Time), unit: c.unitOf(e), invited: d.SurveyID != "",
		items: itemAnswersOf(reading),
	}
	for _, role := range slices.Sorted(maps.Keys(d.Employees)) {
		s.staff = append(s.staff, Assigned{Role: strings.Clone(role), Employee: strings.Clone(d.Employees[role])})
	}
	if w := definition.WeightsAt(s.At.Time()); w != nil {
		s.Weights = w.Version
		if index, ok := reading.Thousandths(w); ok {
			s.Index = int32(index)
		}
	}
	return s
}

// monthOf returns the calendar month of an instant in the time zone of the policy.
func (f *Fold) monthOf(at domain.Instant) domain.Month { return domain.DateOf(at, f.location).Month() }

// unitOf returns the organisation unit that an event counts for: the one it names, or the one that has the customer. It
// may be kept.
func (c *Customer) unitOf(e *Entry) string {
	if path := e.Event.OrgUnit; path != "" && path != c.unit.path {
		return strings.Clone(path)
	}
	return c.unit.path
}

// find returns the latest answer to a questionnaire from a source, nil when there is none.
func (x *Satisfaction) find(name, source string) *Survey {
	if x == nil {
		return nil
	}
	for i := range x.Latest {
		if s := &x.Latest[i]; s.Questionnaire == name && s.Source == source {
			return s
		}
	}
	return nil
}

// with returns x with the answer in the place of the latest one to its questionnaire from its source.
func (x *Satisfaction) with(s Survey) *Satisfaction {
	var latest []Survey
	if x != nil {
		latest = slices.Clone(x.Latest)
	}
	i, found := slices.BinarySearchFunc(latest, &s, func(a Survey, b *Survey) int { return a.compare(b) })
	if found {
		latest[i] = s
	} else {
		latest = slices.Insert(latest, i, s)
	}
	return &Satisfaction{Latest: latest}
}

// compare orders answers by questionnaire and source.
func (s *Survey) compare(o *Survey) int {
	if by := strings.Compare(s.Questionnaire, o.Questionnaire); by != 0 {
		return by
	}
	return strings.Compare(s.Source, o.Source)
}

// respond makes known what is new about the latest answer: a low score, which is followed up, a fall of the index, or
// that nothing is low any more.
func (f *Fold) respond(c *Customer, e *Entry, s, before *Survey, out *Effects) {
	low := s.items.low()
	if len(low) > 0 {
		matterBook{&c.Matters, &out.Rollups}.open(e, MatterFollowUp, s.Event)
		f.dueFollowUp(c, e, FollowUpSurvey, s.Event, out)
		f.startDeadlines(c, e, domain.LowScore, s.Event, out)
		f.tellSurvey(c, s, domain.LowScore, []string{s.Event}, out, func(evidence []string) any {
			return &domain.SatisfactionLowScore{
				Questionnaire: s.Questionnaire, Source: domain.SurveySource(s.Source), Items: low, Index: thousandths(s.Index), Of: s.Of,
				At: s.At, Evidence: evidence, PolicyVersion: f.policy.Version, Position: out.position.String(),
			}
		})
	}
	if before == nil {
		return
	}
	both := []string{before.Event, s.Event}
	if s.Index != noIndex && before.Index != noIndex && before.Index-s.Index >= f.drop() {
		f.tellSurvey(c, s, "satisfaction.dropped", both, out, func(evidence []string) any {
			return &domain.SatisfactionDropped{
				Questionnaire: s.Questionnaire, Source: domain.SurveySource(s.Source), Index: int64(s.Index), Before: int64(before.Index),
				At: s.At, Evidence: evidence, PolicyVersion: f.policy.Version, Position: out.position.String(),
			}
		})
	}
	if len(low) == 0 && len(before.items.low()) > 0 {
		f.tellSurvey(c, s, "satisfaction.recovered", both, out, func(evidence []string) any {
			return &domain.SatisfactionRecovered{
				Questionnaire: s.Questionnaire, Source: domain.SurveySource(s.Source), Index: thousandths(s.Index),
				Before: thousandths(before.Index), At: s.At, Evidence: evidence, PolicyVersion: f.policy.Version, Position: out.position.String(),
			}
		})
	}
}

// tellSurvey adds an output about an answer.
func (f *Fold) tellSurvey(c *Customer, s *Survey, typ string, evidence []string, out *Effects, data func(evidence []string) any) {
	o := Output{Topic: TopicSatisfaction, Type: typ, At: s.At, Evidence: evidence, Policy: f.policy.Version}
	out.emit(c, o, func() any { return data(evidence) })
	f.derive(c, typ, s.At, evidence, func() any { return data(evidence) })
}

// drop returns the fall of the index that is a drop, in thousandths of a point.
func (f *Fold) drop() int32 { return int32(math.Round(f.policy.Satisfaction.Drop * 1000)) }

// thousandths returns an index as it is shown, nil without one.
func thousandths(index int32) *int64 {
	if index == noIndex {
		return nil
	}
	return new(int64(index))
}
