package domain

// ForecastKind says what kind of customer event is forecast (SV-07).
type ForecastKind string

// The kinds of customer events that can be forecast, each with the events that fulfil it.
const (
	// ForecastPurchase is fulfilled by purchase.recorded.
	ForecastPurchase ForecastKind = "purchase"
	// ForecastUsage is fulfilled by usage.recorded.
	ForecastUsage ForecastKind = "usage"
	// ForecastCampaign is fulfilled by campaign.sent.
	ForecastCampaign ForecastKind = "campaign"
	// ForecastCost is fulfilled by cost.attributed.
	ForecastCost ForecastKind = "cost"
	// ForecastBadDebt is fulfilled by bad_debt.booked.
	ForecastBadDebt ForecastKind = "bad_debt"
)

func (ForecastKind) values() []string {
	return []string{string(ForecastPurchase), string(ForecastUsage), string(ForecastCampaign), string(ForecastCost), string(ForecastBadDebt)}
}

// CustomerEventForecast says that somebody expects an event of the customer, with the revenue and the cost that it will bring
// (SV-07). A later forecast of the same id takes its place.
type CustomerEventForecast struct {
	// ForecastID is the id of the forecast.
	ForecastID string `json:"forecast_id" rule:"required,id"`
	// Kind is the kind of the event that is expected.
	Kind ForecastKind `json:"kind" rule:"required"`
	// ExpectedAt is when it is expected.
	ExpectedAt Instant `json:"expected_at" rule:"required"`
	// Revenue is what it will bring. Absent means nothing.
	Revenue *Money `json:"revenue,omitzero" rule:"min=0"`
	// Cost is what it will cost the firm; a bad debt is a cost. Absent means nothing.
	Cost *Money `json:"cost,omitzero" rule:"min=0"`
	// Forecaster is the id of the employee or program whose forecast it is.
	Forecaster string `json:"forecaster" rule:"required,id"`
}
