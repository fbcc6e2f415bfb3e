package customerbase

// MBGNBD is the modified BG/NBD model of Batislam, Denizel and Filiztekin (2007) and Hoppe and Wagner (2007): purchases
// come as in NBD, and a customer may leave for good after every purchase, the first one included. It is the default: one
// who never came back can have left, which BG/NBD excludes.
type MBGNBD struct {
	// R and Alpha are the shape of the gamma distribution of purchase rates and its inverse scale, a time.
	R, Alpha float64
	// A and B are the parameters of the beta distribution of the probability to leave.
	A, B float64
}

func (m MBGNBD) tosses() tosses { return tosses{m.R, m.Alpha, m.A, m.B, 1} }

// Name returns NameMBGNBD.
func (m MBGNBD) Name() string { return NameMBGNBD }

// Parameters returns r, alpha, a and b.
func (m MBGNBD) Parameters() []Parameter {
	return []Parameter{{"r", m.R}, {"alpha", m.Alpha}, {"a", m.A}, {"b", m.B}}
}

// Validate returns an error unless all parameters are positive and finite.
func (m MBGNBD) Validate() error { return positive(m.Name(), m.Parameters()) }

// LogLikelihood returns the logarithm of
//
//	(r)_x alpha^r B(a, b+x+1) / B(a, b) ((alpha + T)^-(r+x) + a/(b+x) (alpha + t_x)^-(r+x)).
func (m MBGNBD) LogLikelihood(h History) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	return finite("log-likelihood under mbg_nbd", m.tosses().logLikelihood(h))
}

// SampleLogLikelihood returns the sum of the log-likelihoods of all customers.
func (m MBGNBD) SampleLogLikelihood(s *Sample) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	return finite("log-likelihood of the sample under mbg_nbd", m.tosses().sampleLogLikelihood(s))
}

// Alive returns 1 / (1 + a/(b+x) ((alpha + T) / (alpha + t_x))^(r+x)).
func (m MBGNBD) Alive(h History) (float64, error) {
	if err := checkHistory(m, h, 0); err != nil {
		return 0, err
	}
	return probability("chance to be alive under mbg_nbd", m.tosses().alive(h))
}

// NoPurchase returns 1 - Alive (1 - ((alpha + T) / (alpha + T + horizon))^(r+x)).
func (m MBGNBD) NoPurchase(h History, horizon float64) (float64, error) {
	if err := checkHistory(m, h, horizon); err != nil {
		return 0, err
	}
	return probability("chance of no purchase under mbg_nbd", m.tosses().noPurchase(h, horizon))
}

// Expected returns the expected number of purchases within the horizon; see future for the formula.
func (m MBGNBD) Expected(h History, horizon float64) (float64, error) {
	if err := checkHistory(m, h, horizon); err != nil {
		return 0, err
	}
	return finite("expected purchases under mbg_nbd", m.tosses().expected(h, horizon))
}

// ExpectedRepeats returns the expected number of repeat purchases of a new customer within t.
func (m MBGNBD) ExpectedRepeats(t float64) (float64, error) {
	if err := checkHistory(m, History{}, t); err != nil {
		return 0, err
	}
	return finite("expected repeats under mbg_nbd", m.tosses().expectedRepeats(t))
}

// Repeats returns the probability that a new customer makes exactly x repeat purchases within t.
func (m MBGNBD) Repeats(x int, t float64) (float64, error) {
	if err := checkCount(m, x, t); err != nil {
		return 0, err
	}
	return probability("chance of a count under mbg_nbd", m.tosses().repeats(x, t))
}

// AgeWhenAlive returns the age at which Alive will have fallen to p if no purchase follows the last one: that of the last
// purchase if it is there already.
func (m MBGNBD) AgeWhenAlive(repeats int, last, p float64) (float64, error) {
	if err := checkFall(m, repeats, last, p); err != nil {
		return 0, err
	}
	return finite("age under mbg_nbd", m.tosses().ageWhenAlive(repeats, last, p))
}
