package pgview

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// cases compares the cases of each stream.
func (c *comparison) cases(ctx context.Context) error {
	query := c.snapshot.store.sql("SELECT " + caseColumns + ` FROM {g}.cases
		WHERE customer IN (SELECT c.id FROM {g}.customers c WHERE ` + c.where + ")")
	rows, err := c.snapshot.tx.Query(ctx, query, c.argument)
	if err != nil {
		return err
	}
	live := make(map[string]map[string]string)
	err = eachCase(rows, func(x projections.Case) {
		if c.pass.Has(x.Customer) {
			if live[x.Customer] == nil {
				live[x.Customer] = make(map[string]string)
			}
			live[x.Customer][caseName(&x)] = shownCase(&x)
		}
	})
	if err != nil {
		return err
	}
	for _, contents := range c.shares {
		for stream := range contents.Streams() {
			log := make(map[string]string)
			for _, kind := range projections.CaseKinds() {
				for _, x := range stream.Cases(kind) {
					log[caseName(&x)] = shownCase(&x)
				}
			}
			c.differ("cases", stream.ID, textDifferences(live[stream.ID], log)...)
		}
	}
	return nil
}

func caseName(c *projections.Case) string { return string(c.Kind) + " " + c.ID }

func shownCase(c *projections.Case) string {
	return fmt.Sprintf("unit %q holder %q topic %q opened %d near %d due %d waits %d ended %d %s",
		c.OrgUnit, c.Holder, c.Topic, c.Opened, c.Near, c.Due, c.Waits, c.Ended, c.Detail)
}

// textDifferences names what differs between two sets of texts.
func textDifferences(live, log map[string]string) []refold.Field {
	if maps.Equal(live, log) {
		return nil
	}
	all := maps.Clone(log)
	maps.Copy(all, live)
	show := func(m map[string]string, name string) string {
		if text, there := m[name]; there {
			return text
		}
		return refold.Absent
	}
	var fields []refold.Field
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a, b := show(live, name), show(log, name); a != b {
			fields = append(fields, refold.Field{Name: name, Live: a, Log: b})
		}
	}
	return fields
}
