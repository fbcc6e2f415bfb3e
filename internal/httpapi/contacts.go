package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// addContacts registers what is to be known before a contact.
func (a *api) addContacts() {
	read(a, "/v1/customers/{id}/may-contact", "may-contact", "Whether an employee may contact the customer now", a.mayContact, 404, 504)
	read(a, "/v1/customers/{id}/brief", "brief", "What to know before a call", a.brief, 404, 504)
}

// mayContactInput is the parameters of the question whether a customer may be contacted.
type mayContactInput struct {
	AfterParam
	ID       string `path:"id" maxLength:"256" doc:"The id of the customer."`
	Employee string `query:"employee" maxLength:"256" doc:"Who is about to make the contact. Without it everybody else's contacts and intentions count."`
	At       string `query:"at" format:"date-time" doc:"When the contact is to be made. Without it, the moment of the answer."`
}

func (a *api) mayContact(ctx context.Context, in *mayContactInput) (*answer[*projections.MayContact], error) {
	at, err := instantParameter("at", in.At)
	if err != nil {
		return nil, err
	}
	view, err := a.customerNow(ctx, in.After, in.ID)
	if err != nil {
		return nil, err
	}
	if at != 0 && at < view.AsOf {
		return nil, parameter("at", domain.RuleMin, "must not lie before the moment of the answer")
	}
	return &answer[*projections.MayContact]{positionText(view.Positions), view.MayContact(in.Employee, at)}, nil
}

// customerNow returns the customer once the views have reached the position.
func (a *api) customerNow(ctx context.Context, after, id string) (*projections.CustomerView, error) {
	if err := a.wait(ctx, after); err != nil {
		return nil, err
	}
	view, err := a.Query.Customer(ctx, id)
	if err != nil {
		return nil, a.missing(ctx, err)
	}
	return view, nil
}

// briefInput is the parameters of a brief.
type briefInput struct {
	AfterParam
	ID       string `path:"id" maxLength:"256" doc:"The id of the customer."`
	Contacts int    `query:"contacts" minimum:"1" maximum:"50" default:"5" doc:"How many of the last contacts are shown."`
}

func (a *api) brief(ctx context.Context, in *briefInput) (*answer[*projections.Brief], error) {
	view, err := a.customerNow(ctx, in.After, in.ID)
	if err != nil {
		return nil, err
	}
	brief := projections.NewBrief(view)
	if brief.Contacts, err = a.lastContacts(ctx, in.ID, in.Contacts); err != nil {
		return nil, a.missing(ctx, err)
	}
	return &answer[*projections.Brief]{positionText(view.Positions), brief}, nil
}

// contactTypes are the types of events that may be contacts.
var contactTypes = []string{
	"contact.made", "follow_up.completed", "follow_up.attempted", "inquiry.received", "complaint.filed", "praise.received",
	"suggestion.received", "service.requested",
}

// lastContacts returns the last contacts of a customer as they stand in the log, the newest first.
func (a *api) lastContacts(ctx context.Context, id string, most int) ([]projections.Contact, error) {
	contacts := []projections.Contact{}
	request := replay.TimelineRequest{Limit: most, Types: contactTypes}
	for {
		page, err := a.History.Timeline(ctx, id, request)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			if c, is := contactOf(&page.Items[i]); is {
				contacts = append(contacts, c)
			}
			if len(contacts) == most {
				return contacts, nil
			}
		}
		if request.Cursor = page.Next; request.Cursor == "" {
			return contacts, nil
		}
	}
}

// contactOf returns the contact that an event of a timeline is, and whether it is one.
func contactOf(item *replay.TimelineItem) (projections.Contact, bool) {
	typ, known := domain.Lookup(item.Type)
	if !known {
		return projections.Contact{}, false
	}
	data, err := domain.NewDecoder().Decode(typ, item.Data)
	if err != nil {
		return projections.Contact{}, false // the log accepted it, so this does not happen
	}
	ev := domain.Event{ID: item.ID, Time: item.OccurredAt, CausationID: item.CausationID, Channel: item.Channel}
	return projections.ContactOf(&ev, data)
}
