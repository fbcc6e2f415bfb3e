package projections

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Output is a derived event: something that the fold found out and that others act on. Its sequence counts the outputs
// of its customer on its topic from 1, so that it is the same in every replay.
type Output struct {
	Topic    OutputTopic
	Type     string
	Customer string
	// OrgUnit is the unit that has the customer.
	OrgUnit  string
	Sequence int32
	// At is when it took effect.
	At domain.Instant
	// Cause is the id of the event that brought it about, empty when a control record did.
	Cause string
	// Position is the place of the record that brought it about.
	Position eventstore.Position
	// Evidence are the ids of the events behind it.
	Evidence []string
	// Policy is the version of the policy that produced it.
	Policy string
	// Data is the struct of its type.
	Data any
}

// OutputTopic is one of the topics for derived events.
type OutputTopic uint8

// The topics for derived events.
const (
	TopicLifecycle OutputTopic = iota
	TopicChurn
	TopicSatisfaction
	TopicService
	outputTopics
)

// OutputTopics returns all topics for derived events.
func OutputTopics() []OutputTopic {
	return []OutputTopic{TopicLifecycle, TopicChurn, TopicSatisfaction, TopicService}
}

var outputTopicNames = [outputTopics]string{"rapport.lifecycle", "rapport.churn", "rapport.satisfaction", "rapport.service"}

// String returns the name of the topic.
func (t OutputTopic) String() string { return outputTopicNames[t] }

// Outlet takes outputs on their way to those who act on them.
type Outlet interface {
	// Publish returns once all outputs are acknowledged in their order. The same outputs may be published again after a
	// failure, also by another process. Outputs at positions that the outlet knows to be published may be left out.
	Publish(ctx context.Context, outputs []Output) error
}

// emit adds an output of the customer. data is called only when outputs are asked for.
func (e *Effects) emit(c *Customer, o Output, data func() any) {
	c.sent[o.Topic]++
	if !e.publish {
		return
	}
	o.Customer, o.OrgUnit, o.Sequence, o.Position = c.ID, c.OrgUnit(), c.sent[o.Topic], e.position
	if e.cause != nil {
		o.Cause = e.cause.id()
	}
	o.Data = data()
	e.Outputs = append(e.Outputs, o)
}
