package main

import (
	"bytes"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

const outputsHead = `
## Outputs: what Rapport found out

A derived event tells what the fold found out about a customer. It is a CloudEvent on a topic of its own kind, keyed by the
customer, in the structured mode of the events above; its data has a schema like theirs.

| attribute | what it says |
|---|---|
| ` + "`id`" + ` | a UUIDv5 that a replay makes again, so a repetition has the same id |
| ` + "`source`" + ` | ` + "`rapport`" + ` |
| ` + "`type`" + ` | one of the types below |
| ` + "`subject`" + ` | the customer |
| ` + "`time`" + ` | when it took effect, which may be earlier than when it was found |
| ` + "`sequence`" + ` | the place among the outputs of this customer on this topic: digits of a fixed length, so that later is greater as text |
| ` + "`causationid`" + ` | the id of the event that brought it about; absent when only time did |
| ` + "`policyversion`" + ` | the version of the policy in force |
| ` + "`position`" + ` | the place of the record that it reflects, as ` + "`partition:offset`" + ` |

Outputs of a customer on a topic are in the order of their sequence. They are published at least once: a consumer drops an
output whose sequence is not greater than the last one it has seen of that customer on that topic.
`

// outputs writes the section on derived events, with a table for each topic.
func outputs(b *bytes.Buffer, text *comments) error {
	b.WriteString(outputsHead)
	topics, byTopic := []string{}, make(map[string][]*domain.Type)
	for _, t := range domain.Outputs() {
		if byTopic[t.Topic] == nil {
			topics = append(topics, t.Topic)
		}
		byTopic[t.Topic] = append(byTopic[t.Topic], t.Type)
	}
	for _, topic := range topics {
		fmt.Fprintf(b, "\n### Topic `%s`\n\n| type | what it means | data |\n|---|---|---|\n", topic)
		for _, t := range byTopic[topic] {
			if err := row(b, t, text); err != nil {
				return err
			}
		}
	}
	return nil
}
