package httpapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// caseParams are the parameters of a list of cases.
type caseParams struct {
	AfterParam
	PageParams
	Status   string `query:"status" enum:"open,near,overdue,ended" doc:"Only those that stand so now; open takes the near and the overdue ones in."`
	OrgUnit  string `query:"org_unit" doc:"Only those of this organisation unit and those below it."`
	Holder   string `query:"holder" doc:"Only those that this employee or department has now."`
	Customer string `query:"customer" doc:"Only those of this customer."`
	Topic    string `query:"topic" doc:"Only those of this topic: the subject of a complaint, the name of a deadline, the item of a rectification."`
	From     string `query:"from" format:"date-time" doc:"Only those opened at this instant or later."`
	To       string `query:"to" format:"date-time" doc:"Only those opened before this instant."`
	Sort     string `query:"sort" enum:"-opened_at,due_at" default:"-opened_at" doc:"The newest first, or those due first."`
}

// caseItem is one case with what is known of a case of its kind.
type caseItem[D any] struct {
	Customer string                 `json:"customer" doc:"The stream that it belongs to: a customer, or org: and the path of a unit."`
	ID       string                 `json:"id"`
	OrgUnit  string                 `json:"org_unit,omitempty"`
	Holder   string                 `json:"holder,omitempty" doc:"The employee or department who has it now, as far as it is known."`
	Topic    string                 `json:"topic,omitempty"`
	Opened   domain.Instant         `json:"opened_at"`
	Ended    domain.Instant         `json:"ended_at"`
	Near     domain.Instant         `json:"near_at" doc:"When most of its time has passed; null without a deadline."`
	Due      domain.Instant         `json:"due_at" doc:"When its time ends; null without a deadline."`
	Status   projections.CaseStatus `json:"status" enum:"open,near,overdue,ended"`
	Detail   D                      `json:"detail"`
}

// casePage is one page of cases.
type casePage[D any] struct {
	Items []caseItem[D]  `json:"items" nullable:"false"`
	Next  string         `json:"next,omitempty"`
	AsOf  domain.Instant `json:"as_of"`
}

// filter returns the filter for cases of a kind.
func (in *caseParams) filter(kind projections.CaseKind) (projections.CaseFilter, error) {
	f := projections.CaseFilter{
		Kind: kind, Status: projections.CaseStatus(in.Status), OrgUnit: in.OrgUnit, Holder: in.Holder, Customer: in.Customer, Topic: in.Topic,
		Sort: projections.CaseSort(in.Sort), Cursor: in.Cursor, Limit: in.Limit,
	}
	var err error
	if f.From, err = instantParameter("from", in.From); err != nil {
		return f, err
	}
	if f.To, err = instantParameter("to", in.To); err != nil {
		return f, err
	}
	if f.From != 0 && f.To != 0 && f.To < f.From {
		return f, parameter("to", domain.RuleMin, "must not be before from")
	}
	return f, nil
}

// instantParameter reads a parameter that is an instant, zero when it is left out.
func instantParameter(name, text string) (domain.Instant, error) {
	if text == "" {
		return 0, nil
	}
	at, err := domain.ParseInstant(text)
	if err != nil || at == 0 {
		return 0, parameter(name, domain.RuleFormat, "must be an RFC 3339 time such as 2026-03-01T09:30:00Z")
	}
	return at, nil
}

// cases answers with a page of the cases of a kind, whose details are each a D.
func cases[D any](a *api, kind projections.CaseKind) func(context.Context, *caseParams) (*answer[casePage[D]], error) {
	return func(ctx context.Context, in *caseParams) (*answer[casePage[D]], error) {
		filter, err := in.filter(kind)
		if err != nil {
			return nil, err
		}
		if err := a.wait(ctx, in.After); err != nil {
			return nil, err
		}
		found, err := a.Query.Cases(ctx, filter)
		if err != nil {
			return nil, err
		}
		page := casePage[D]{Items: make([]caseItem[D], len(found.Items)), Next: found.Next, AsOf: found.AsOf}
		for i := range found.Items {
			c := &found.Items[i]
			item := &page.Items[i]
			*item = caseItem[D]{
				Customer: c.Customer, ID: c.ID, OrgUnit: c.OrgUnit, Holder: c.Holder, Topic: c.Topic,
				Opened: c.Opened, Ended: c.Ended, Near: c.Near, Due: c.Due, Status: c.Status,
			}
			if err := json.Unmarshal(c.Detail, &item.Detail); err != nil {
				return nil, fmt.Errorf("detail of %s %s of %s: %w", kind, c.ID, c.Customer, err)
			}
		}
		return &answer[casePage[D]]{positionText(found.Positions), page}, nil
	}
}
