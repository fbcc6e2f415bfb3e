package projections

import (
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// ComplaintStep is a kind of step in the handling of a complaint. As a status it is the furthest step since the complaint
// was filed or opened again; the order of the constants is that of the way a complaint takes (CMP-04 to CMP-07).
type ComplaintStep uint8

// The steps of a complaint.
const (
	// StepNotFiled is the status of a complaint that events name while its filing is not known.
	StepNotFiled ComplaintStep = iota
	StepFiled
	StepReopened
	StepAcknowledged
	StepRestated
	StepValidityDecided
	StepCauseDetermined
	StepHandedOver
	StepSolutionProposed
	StepSolutionAccepted
	StepResolved
	// StepChecked is asking the customer before they leave. It has no event of its own: the resolution carries the answer.
	StepChecked
	StepFollowedUp
	// The steps from here on are beside the way and never a status.
	StepHandoverAccepted
	StepHandoverReturned
	StepCompensated
	StepMeasureAdopted
	StepLinked
	complaintSteps
)

var complaintStepNames = [complaintSteps]string{
	"not_filed", "filed", "reopened", "acknowledged", "restated", "validity_decided", "cause_determined", "handed_over",
	"solution_proposed", "solution_accepted", "resolved", "checked", "followed_up",
	"handover_accepted", "handover_returned", "compensated", "measure_adopted", "linked",
}

// String returns the name used in JSON.
func (s ComplaintStep) String() string {
	if s < complaintSteps {
		return complaintStepNames[s]
	}
	return "unknown"
}

// MarshalText writes the name of the step.
func (s ComplaintStep) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name of a step.
func (s *ComplaintStep) UnmarshalText(text []byte) error {
	for i, name := range complaintStepNames {
		if name == string(text) {
			*s = ComplaintStep(i)
			return nil
		}
	}
	return fmt.Errorf("no step of a complaint has this name")
}

// complaintWay are the steps of the full way, all of which a complaint may leave out.
var complaintWay = [...]ComplaintStep{
	StepFiled, StepAcknowledged, StepRestated, StepValidityDecided, StepCauseDetermined, StepHandedOver,
	StepSolutionProposed, StepSolutionAccepted, StepResolved, StepChecked, StepFollowedUp,
}

// complaintStep is one step that was taken. What its words mean depends on the kind:
//
//	acknowledged         yes: apologised; who: the employee
//	restated             yes: the customer agreed
//	validity_decided     yes: the complaint stands
//	cause_determined     what: the cause; also: the side
//	handed_over          who: the employee or department it was given to
//	handover_returned    what: the reason
//	resolved             yes: the customer was satisfied
//	followed_up          yes: the customer is satisfied; reached; what: the channel; who: the employee
//	reopened             what: the reason
//	compensated          what: the kind; also: the currency; minor: what it cost
//	measure_adopted      what: the measure; also: the organisation unit
//	linked               what: the earlier complaint; also: its customer
type complaintStep struct {
	kind    ComplaintStep
	at      domain.Instant
	event   string
	yes     answer
	reached bool
	who     string
	what    string
	also    string
	minor   int64
	filing  *ComplaintFiling
}

// answer is yes, no or not known.
type answer uint8

const (
	answerUnknown answer = iota
	answerNo
	answerYes
)

func answerOf(yes *bool) answer {
	switch {
	case yes == nil:
		return answerUnknown
	case *yes:
		return answerYes
	default:
		return answerNo
	}
}

// optional returns the answer with nil for not known.
func (a answer) optional() *bool {
	if a == answerUnknown {
		return nil
	}
	return new(a == answerYes)
}

// ComplaintFiling is what is known of a complaint from its filing.
type ComplaintFiling struct {
	Form    string `json:"form,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Subject string `json:"subject,omitempty"`
	Channel string `json:"channel,omitempty"`
	Product string `json:"product,omitempty"`
	// WorkStep is the step of the firm's work that the complaint is about, Employee the employee whom it is about.
	WorkStep string `json:"work_step,omitempty"`
	Employee string `json:"employee,omitempty"`
	// Of is the service request, order or event that it is about.
	Of string `json:"of,omitempty"`
}

// complete fills in what is not known yet.
func (g *ComplaintFiling) complete(o *ComplaintFiling) {
	to, from := g.members(), o.members()
	for i := range to {
		if *to[i] == "" {
			*to[i] = *from[i]
		}
	}
}

func (g *ComplaintFiling) members() [8]*string {
	return [...]*string{&g.Form, &g.Kind, &g.Subject, &g.Channel, &g.Product, &g.WorkStep, &g.Employee, &g.Of}
}

// complaintStepOf returns the step that an event is, nil for an event that is none, and the id of the complaint that it
// names, which may be empty. The words borrow from the event.
func complaintStepOf(e *Entry) (s *complaintStep, id string) {
	switch d := e.Data.(type) {
	case *domain.ComplaintFiled:
		return &complaintStep{kind: StepFiled, filing: &ComplaintFiling{
			Form: string(d.Form), Kind: string(d.Kind), Subject: d.Subject, Channel: string(d.Channel), Product: d.Product,
			WorkStep: d.Step, Employee: d.Employee, Of: d.Of,
		}}, d.ComplaintID
	case *domain.ComplaintAcknowledged:
		return &complaintStep{kind: StepAcknowledged, yes: answerOf(d.Apology), who: d.Employee}, d.ComplaintID
	case *domain.ComplaintRestated:
		return &complaintStep{kind: StepRestated, yes: answerOf(d.Agreed)}, d.ComplaintID
	case *domain.ComplaintValidityDecided:
		return &complaintStep{kind: StepValidityDecided, yes: answerOf(&d.Valid)}, d.ComplaintID
	case *domain.ComplaintCauseDetermined:
		return &complaintStep{kind: StepCauseDetermined, what: d.Cause, also: string(d.Side)}, d.ComplaintID
	case *domain.ComplaintHandedOver:
		return &complaintStep{kind: StepHandedOver, who: d.To}, d.ComplaintID
	case *domain.ComplaintHandoverAccepted:
		return &complaintStep{kind: StepHandoverAccepted}, d.ComplaintID
	case *domain.ComplaintHandoverReturned:
		return &complaintStep{kind: StepHandoverReturned, what: d.Reason}, d.ComplaintID
	case *domain.ComplaintSolutionProposed:
		return &complaintStep{kind: StepSolutionProposed}, d.ComplaintID
	case *domain.ComplaintSolutionAccepted:
		return &complaintStep{kind: StepSolutionAccepted}, d.ComplaintID
	default:
		return laterComplaintStepOf(e)
	}
}

// laterComplaintStepOf is complaintStepOf for the end of the way and what lies beside it.
func laterComplaintStepOf(e *Entry) (s *complaintStep, id string) {
	switch d := e.Data.(type) {
	case *domain.ComplaintResolved:
		return &complaintStep{kind: StepResolved, yes: answerOf(d.Satisfied)}, d.ComplaintID
	case *domain.ComplaintFollowedUp:
		return &complaintStep{
			kind: StepFollowedUp, yes: answerOf(d.Satisfied), reached: d.Reached == nil || *d.Reached, what: string(d.Channel),
		}, d.ComplaintID
	case *domain.FollowUpCompleted:
		return &complaintStep{
			kind: StepFollowedUp, yes: answerOf(d.Satisfied), reached: d.Reached == nil || *d.Reached, what: string(d.Channel),
			who: d.Employee,
		}, d.Of
	case *domain.FollowUpAttempted:
		return &complaintStep{
			kind: StepFollowedUp, reached: d.Reached != nil && *d.Reached, what: string(d.Channel), who: d.Employee,
		}, d.Of
	case *domain.ComplaintReopened:
		return &complaintStep{kind: StepReopened, what: d.Reason}, d.ComplaintID
	case *domain.CompensationGiven:
		s := &complaintStep{kind: StepCompensated, what: d.Kind}
		if d.Amount != nil {
			s.also, s.minor = d.Amount.Currency, d.Amount.Minor
		}
		return s, d.ComplaintID
	case *domain.ComplaintMeasureAdopted:
		return &complaintStep{kind: StepMeasureAdopted, what: d.Measure, also: d.OrgUnit}, d.ComplaintID
	case *domain.ComplaintLinked:
		return &complaintStep{kind: StepLinked, what: d.SimilarTo, also: d.Customer}, d.ComplaintID
	}
	return nil, ""
}

// keep gives the step its place in time and memory of its own.
func (s *complaintStep) keep(e *Entry) {
	s.at, s.event = e.Event.Time, e.id()
	s.who, s.what, s.also = strings.Clone(s.who), strings.Clone(s.what), strings.Clone(s.also)
	if s.filing != nil {
		for _, word := range s.filing.members() {
			*word = strings.Clone(*word)
		}
	}
}
