package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// modelsView is the models in force.
type modelsView struct {
	Policy string      `json:"policy_version" doc:"The version of the policy in force, of which the models are a part."`
	Items  []modelView `json:"items" nullable:"false" doc:"In the order of the roles: purchase, spend, risk, classes and others."`
}

// modelView is one model in force.
type modelView struct {
	Role          string             `json:"role"`
	Name          string             `json:"name"`
	Parameters    map[string]float64 `json:"parameters" nullable:"false"`
	Currency      string             `json:"currency,omitempty" doc:"Of the amounts that a model of spend rests on."`
	Measure       string             `json:"measure,omitempty" enum:"purchases,revenue,profit" doc:"What customers were ranked by, for the classes of value. Without it that of the policy."`
	From          string             `json:"window_from,omitempty" format:"date-time" doc:"The time that the estimate rests on. Left out, as the next members are, for a model that was set by hand without them."`
	To            string             `json:"window_to,omitempty" format:"date-time"`
	Customers     int64              `json:"customers,omitempty" doc:"How many customers the estimate rests on."`
	LogLikelihood float64            `json:"log_likelihood,omitempty"`
	Since         domain.Instant     `json:"in_force_from" doc:"From when on it holds, by the clock of the log; null for one that the views began with."`
}

// addModels registers what is about models.
func (a *api) addModels() {
	read(a, "/v1/models", "models", "The fitted models in force", a.models, 504)
}

func (a *api) models(ctx context.Context, in *AfterParam) (*answer[modelsView], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	published, err := a.Query.Policies(ctx)
	if err != nil {
		return nil, err
	}
	view, err := modelsOf(published, a.BasePolicy())
	if err != nil {
		return nil, err
	}
	return &answer[modelsView]{positionText(reflected), *view}, nil
}

// modelsOf returns the models of the policy that was published last, or of the one that the views began with. Each is in
// force since the earliest of the policies up to then that all have it.
func modelsOf(published []projections.PolicyView, base *domain.Policy) (*modelsView, error) {
	history := make([]*domain.Policy, 0, len(published)+1)
	for i := range published {
		policy, err := domain.ParsePolicy([]byte(published[i].Document))
		if err != nil {
			return nil, err
		}
		history = append(history, policy)
	}
	history = append(history, base)
	view := &modelsView{Policy: history[0].Version, Items: []modelView{}}
	for _, role := range domain.ModelRoles {
		m, ok := history[0].Models[string(role)]
		if !ok {
			continue
		}
		item := modelView{
			Role: string(role), Name: m.Name, Parameters: m.Parameters, Currency: m.Currency, Measure: string(m.Measure), From: m.From, To: m.To,
			Customers: m.Customers, LogLikelihood: m.LogLikelihood,
		}
		for i, policy := range history {
			if before, had := policy.Models[string(role)]; !had || !before.Equal(m) {
				break
			}
			item.Since = 0
			if i < len(published) {
				item.Since = published[i].PublishedAt
			}
		}
		view.Items = append(view.Items, item)
	}
	return view, nil
}
