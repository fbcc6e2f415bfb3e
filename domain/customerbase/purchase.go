package customerbase

import "fmt"

// PurchaseModel is a fitted model of purchases in continuous time. BGNBD, MBGNBD, NBD and ParetoNBD implement it.
type PurchaseModel interface {
	// Name returns the name of the model in events and reports, for example "mbg_nbd".
	Name() string
	// Parameters returns the parameters in the order of the literature.
	Parameters() []Parameter
	// Validate returns an error unless every parameter is positive and finite.
	Validate() error
	// LogLikelihood returns the logarithm of the likelihood of one history.
	LogLikelihood(h History) (float64, error)
	// SampleLogLikelihood returns the sum of the log-likelihoods of all customers of a sample.
	SampleLogLikelihood(s *Sample) (float64, error)
	// Alive returns the probability that a customer with this history has not yet left for good.
	Alive(h History) (float64, error)
	// NoPurchase returns the probability that a customer with this history buys nothing within the horizon that follows
	// its age. It is 1 for one who has left.
	NoPurchase(h History, horizon float64) (float64, error)
	// Expected returns the expected number of purchases within the horizon that follows the age.
	Expected(h History, horizon float64) (float64, error)
	// ExpectedRepeats returns the expected number of repeat purchases of a new customer within a time of the first one.
	ExpectedRepeats(t float64) (float64, error)
}

// Names of the purchase models.
const (
	NameBGNBD     = "bg_nbd"
	NameMBGNBD    = "mbg_nbd"
	NameNBD       = "nbd"
	NameParetoNBD = "pareto_nbd"
)

// NewPurchaseModel returns the purchase model of a name with parameters by name, as an event holds them; Named gives them
// back. The error wraps ErrParameters and names the model that is unknown, or the parameter that is missing, unknown or
// impossible.
func NewPurchaseModel(name string, parameters map[string]float64) (PurchaseModel, error) {
	p := parameters
	var m PurchaseModel
	switch name {
	case NameBGNBD:
		m = BGNBD{R: p["r"], Alpha: p["alpha"], A: p["a"], B: p["b"]}
	case NameMBGNBD:
		m = MBGNBD{R: p["r"], Alpha: p["alpha"], A: p["a"], B: p["b"]}
	case NameNBD:
		m = NBD{R: p["r"], Alpha: p["alpha"]}
	case NameParetoNBD:
		m = ParetoNBD{R: p["r"], Alpha: p["alpha"], S: p["s"], Beta: p["beta"]}
	default:
		return nil, fmt.Errorf("purchase model %q is unknown: %w", name, ErrParameters)
	}
	if err := restored(m, p); err != nil {
		return nil, err
	}
	return m, nil
}

// checkHistory validates a model, a history and a horizon.
func checkHistory(m PurchaseModel, h History, horizon float64) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := h.Validate(); err != nil {
		return err
	}
	return notNegative("horizon", horizon)
}
