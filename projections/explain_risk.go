package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// RiskExplanation is the risk of a customer with all events behind each part of the score: whoever folds the events of the
// explanation alone gets the same score.
type RiskExplanation struct {
	RiskView
	// Relationship is the id of the event with which the relationship began, without which there is no score.
	Relationship []string `json:"relationship"`
}

const purchaseType = "purchase.recorded"

// relationships are the types of events with which a relationship begins or goes on, beside purchases.
var relationships = []string{"contract.signed", "subscription.started", "subscription.renewed"}

// explainRisk returns the risk with the ids of all events in the place of the newest ones, and the lists of ids in it.
func (f *Fold) explainRisk(c *Customer, v *CustomerView, h *Chronicle) (*RiskExplanation, [][]string) {
	x := &RiskExplanation{RiskView: *v.Risk, Relationship: []string{}}
	if begun := h.of(append([]string{purchaseType}, relationships...)...); len(begun) > 0 {
		x.Relationship = begun[:1]
	}
	named := [][]string{x.Relationship}
	x.Contributions = slices.Clone(x.Contributions)
	for i := range x.Contributions {
		p := &x.Contributions[i]
		p.Evidence = h.ordered(p.Evidence, f.behind(c, p.Factor, h))
		named = append(named, p.Evidence)
	}
	return x, named
}

// behind returns the ids of all events behind a factor, as far as the customer does not have them.
func (f *Fold) behind(c *Customer, factor string, h *Chronicle) []string {
	switch factor {
	case domain.MeasureSilence, domain.MeasureTrend:
		return slices.Concat(h.of(purchaseType), c.heardBy(h))
	case domain.MeasureModel, FeatureRepeats, FeatureSilence, FeatureSpend, FeatureAge:
		return h.of(purchaseType)
	case FeatureSubscriptions:
		return h.of("subscription.started", "subscription.renewed", "subscription.cancelled")
	case FeatureComplaints, FeatureOpen:
		return h.ids(func(e *Happened) bool { return strings.HasPrefix(e.Type, "complaint.") })
	case FeatureContacts, FeatureContactDays:
		return h.ids(func(e *Happened) bool { return e.contact })
	}
	return nil
}

// heardBy returns, where silence is measured from another event than a purchase, the ids of the events that made it so: the
// customer was in decline, or the relationship had ended, and came back.
func (c *Customer) heardBy(h *Chronicle) []string {
	by := c.Lifecycle.silenceBy
	if by == "" || by == c.Trade.LastPurchaseID {
		return nil
	}
	return h.of(append([]string{"customer.lost", "customer.returned", "subscription.cancelled", "relationship.ended"}, relationships...)...)
}
