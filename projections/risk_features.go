package projections

import (
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// Names of the features that a learned model of churn risk knows. Those of signals are FeatureSignal and the name of the
// signal.
const (
	// FeatureRepeats is log(1 + repeat occasions), FeatureSilence the days since the last purchase, FeatureSpend is log(1 + mean
	// amount of an occasion in hundreds of minor units of the main currency), and FeatureAge the days since the first purchase.
	FeatureRepeats = "repeats_log"
	FeatureSilence = "silence_days"
	FeatureSpend   = "spend_log"
	FeatureAge     = "age_days"
	// FeatureSatisfaction is the mean of the latest indices, each as a share of its scale.
	FeatureSatisfaction = "satisfaction"
	// FeatureComplaints is log(1 + complaints), FeatureOpen the number of those that are open.
	FeatureComplaints = "complaints_log"
	FeatureOpen       = "complaints_open"
	// FeatureContacts is log(1 + contacts in either direction), FeatureContactDays the days since the last one.
	FeatureContacts    = "contacts_log"
	FeatureContactDays = "contact_days"
	// FeatureSubscriptions is the number of subscriptions that run.
	FeatureSubscriptions = "subscriptions"
	// FeatureSignal begins the names of features that are the points of a signal now.
	FeatureSignal = "signal_"
)

// feature is one thing that a learned model sees of a customer.
type feature struct {
	name string
	kind featureKind
	// signal is the name of the signal of a featureSignal.
	signal string
}

// featureKind says how a feature is found.
type featureKind uint8

const (
	featureRepeats featureKind = iota
	featureSilence
	featureAge
	featureSpend
	featureSatisfaction
	featureComplaints
	featureOpen
	featureContacts
	featureContactDays
	featureSubscriptions
	featureSignal
)

var featureNames = [featureSignal]string{
	FeatureRepeats, FeatureSilence, FeatureAge, FeatureSpend, FeatureSatisfaction, FeatureComplaints, FeatureOpen, FeatureContacts,
	FeatureContactDays, FeatureSubscriptions,
}

// featuresOf returns the features that customers have under a policy. A signal whose name cannot be part of that of a feature
// has none.
func featuresOf(p *domain.Policy) []feature {
	var list []feature
	for kind, name := range featureNames {
		list = append(list, feature{name: name, kind: featureKind(kind)})
	}
	for _, signal := range slices.Sorted(maps.Keys(p.Risk.Signals)) {
		if name := FeatureSignal + signal; learnedrisk.ValidName(name) {
			list = append(list, feature{name: name, kind: featureSignal, signal: signal})
		}
	}
	return list
}

// Features appends what a learned model of churn risk sees of a customer who has bought, at an instant not before the
// customer's time, if nothing happens until then. It is what the model is trained on, too. What is not known of the customer
// is left out. In silence every feature rises, falls or stays as it is, and which ones there are does not change.
func (f *Fold) Features(c *Customer, at domain.Instant, into []learnedrisk.Value) []learnedrisk.Value {
	for i := range f.models.features {
		x := &f.models.features[i]
		if number, known := f.feature(c, x.kind, x.signal, at); known {
			into = append(into, learnedrisk.Value{Name: x.name, Number: number})
		}
	}
	return into
}

// feature returns the value of a feature at an instant. It is false for what is not known of the customer.
func (f *Fold) feature(c *Customer, kind featureKind, signal string, at domain.Instant) (float64, bool) {
	t := &c.Trade
	occasions := len(t.Days)
	switch kind {
	case featureRepeats:
		return stablemath.Log(float64(max(occasions, 1))), occasions > 0
	case featureSilence:
		return days(at - t.LastPurchase), occasions > 0
	case featureAge:
		return days(at - t.FirstPurchase), occasions > 0
	case featureSpend:
		return stablemath.Log1p(float64(max(t.Main.Purchased, 0)) / (minorOfSpend * float64(max(occasions, 1)))), occasions > 0
	case featureSatisfaction:
		return f.meanAnswer(c)
	case featureComplaints:
		return stablemath.Log1p(float64(c.complaintCount())), true
	case featureOpen:
		return float64(c.openComplaints()), true
	case featureContacts:
		return stablemath.Log1p(float64(c.contactCount())), true
	case featureContactDays:
		if c.Contacts == nil || c.Contacts.Last.At == 0 {
			return 0, false
		}
		return days(at - c.Contacts.Last.At), true
	case featureSubscriptions:
		return float64(len(t.Subscriptions())), true
	default:
		return f.signalPointsOf(c, signal, at).Float(), true
	}
}

// days returns a length of time in days.
func days(length domain.Instant) float64 { return float64(length) / float64(domain.Day) }

// meanAnswer returns the mean of the latest indices as shares of their scales. It is false without one.
func (f *Fold) meanAnswer(c *Customer) (float64, bool) {
	if c.Satisfaction == nil {
		return 0, false
	}
	sum, n := 0.0, 0
	for i := range c.Satisfaction.Latest {
		if share, ok := f.scaled(&c.Satisfaction.Latest[i]); ok {
			sum, n = sum+share, n+1
		}
	}
	return sum / float64(max(n, 1)), n > 0
}

// complaintCount returns how many complaints the customer has made.
func (c *Customer) complaintCount() int {
	if c.Complaints == nil {
		return 0
	}
	return len(c.Complaints.all)
}

// openComplaints returns how many complaints of the customer are open.
func (c *Customer) openComplaints() int {
	n := 0
	for i := range c.Matters.Open {
		if c.Matters.Open[i].Kind == MatterComplaint {
			n++
		}
	}
	return n
}

// contactCount returns how many contacts with the customer came about, in either direction.
func (c *Customer) contactCount() int {
	if c.Contacts == nil {
		return 0
	}
	return int(c.Contacts.Inbound) + int(c.Contacts.Outbound)
}

// signalPointsOf returns what a signal counts at an instant.
func (f *Fold) signalPointsOf(c *Customer, signal string, at domain.Instant) domain.Centipoints {
	if c.Risk.signalCount() == 0 {
		return 0
	}
	from, to := c.Risk.span(signal)
	if from == to {
		return 0
	}
	points, _ := f.signalAt(c.Risk, from, at)
	return points
}
