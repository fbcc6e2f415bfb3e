package projections

import (
	"cmp"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Contact is one contact that came about.
type Contact struct {
	At        domain.Instant `json:"at"`
	Direction string         `json:"direction"`
	Channel   string         `json:"channel"`
	Employee  string         `json:"employee,omitempty"`
	Category  string         `json:"category,omitempty"`
	Content   string         `json:"content,omitempty"`
	// Goal is what the firm was after (IC-16).
	Goal  string `json:"goal,omitempty"`
	Event string `json:"event"`
}

// The categories of contacts whose event does not name one.
const (
	CategoryInquiry    = "inquiry"
	CategoryComplaint  = "complaint"
	CategoryPraise     = "praise"
	CategorySuggestion = "suggestion"
	CategoryService    = "service_request"
	CategoryFollowUp   = "follow_up"
)

// ContactOf returns the contact that an event with the given data is, and whether it is one. Its strings are those of the
// event.
//
// A contact is a contact.made, a follow-up that reached the customer, and an inquiry. A complaint, a praise, a suggestion
// and a request for service are contacts too when they name the channel that they came through. None of these counts when
// the event names another event that caused it: then the customer said it in a contact that was recorded on its own, and
// nothing is to count twice.
func ContactOf(ev *domain.Event, data any) (Contact, bool) {
	switch d := data.(type) {
	case *domain.ContactMade:
		return Contact{
			At: ev.Time, Direction: string(d.Direction), Channel: string(d.Channel), Employee: d.Employee, Category: d.Category,
			Content: d.Content, Goal: d.Goal, Event: ev.ID,
		}, true
	case *domain.FollowUpCompleted:
		return followUpContact(ev, d.Channel, d.Employee, d.Note), d.Reached == nil || *d.Reached
	case *domain.FollowUpAttempted:
		return followUpContact(ev, d.Channel, d.Employee, ""), d.Reached != nil && *d.Reached
	default:
		return inboundOf(ev, data)
	}
}

// followUpContact is a contact that the firm made in order to follow up on something, which is its goal.
func followUpContact(ev *domain.Event, channel domain.Channel, employee, note string) Contact {
	return Contact{
		At: ev.Time, Direction: string(domain.DirectionOut), Channel: string(channel), Employee: employee,
		Category: CategoryFollowUp, Content: note, Goal: CategoryFollowUp, Event: ev.ID,
	}
}

// inboundOf is ContactOf for what customers come with.
func inboundOf(ev *domain.Event, data any) (met Contact, is bool) {
	var channel domain.Channel
	switch d := data.(type) {
	case *domain.InquiryReceived:
		channel = cmp.Or(d.Channel, domain.Channel(strings.Clone(ev.Channel)))
		met, is = Contact{Category: cmp.Or(d.Category, CategoryInquiry), Content: d.Text}, true
	case *domain.ComplaintFiled:
		channel, met = d.Channel, Contact{Category: CategoryComplaint, Content: d.Text}
	case *domain.PraiseReceived:
		channel, met = d.Channel, Contact{Category: CategoryPraise, Content: d.Text}
	case *domain.SuggestionReceived:
		channel, met = d.Channel, Contact{Category: CategorySuggestion, Content: d.Text}
	case *domain.ServiceRequested:
		channel, met = d.Channel, Contact{Category: cmp.Or(d.Category, CategoryService), Content: d.Text}
	default:
		return Contact{}, false
	}
	met.At, met.Direction, met.Channel, met.Event = ev.Time, string(domain.DirectionIn), string(channel), ev.ID
	return met, (is || channel != "") && ev.CausationID == ""
}

// own gives the contact strings of its own. Those of closed lists are shared by all events.
func (met *Contact) own(e *Entry) {
	met.Employee = strings.Clone(met.Employee)
	met.Category, met.Content, met.Goal = strings.Clone(met.Category), strings.Clone(met.Content), strings.Clone(met.Goal)
	met.Event = e.id()
}

func (met *Contact) outbound() bool { return met.Direction == string(domain.DirectionOut) }

// mayCollide reports whether the contact is one that an employee made with this customer alone.
func (met *Contact) mayCollide() bool {
	return met.outbound() && met.Employee != "" && !domain.Channel(met.Channel).Broadcast()
}
