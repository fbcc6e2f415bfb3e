package projections_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/projections"
)

// view shows one section of the customer's view.
func (s *teller) view(section string) {
	s.t.Helper()
	var sections map[string]json.RawMessage
	text, err := json.Marshal(s.fold.View(s.customer, s.moves, s.at()))
	if err == nil {
		err = json.Unmarshal(text, &sections)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(&s.out, "%s: %s\n", section, sections[section])
}

// showOutputs shows the derived events since the last time.
func (s *teller) showOutputs() {
	s.t.Helper()
	if len(s.outputs) == 0 {
		fmt.Fprintln(&s.out, "no outputs")
	}
	for _, o := range s.outputs {
		data, err := json.Marshal(o.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&s.out, "%s %d %s at %s %v %s\n", o.Topic, o.Sequence, o.Type, o.At, o.Evidence, data)
	}
	s.outputs = nil
}

// showCases shows the cases of a kind.
func (s *teller) showCases(kind projections.CaseKind) {
	cases := s.customer.Cases(kind)
	if len(cases) == 0 {
		fmt.Fprintf(&s.out, "no cases of kind %s\n", kind)
	}
	for _, c := range cases {
		fmt.Fprintf(&s.out, "%s %s %s holder %q unit %q opened %s near %s due %s ended %s %s %s\n",
			kind, c.ID, c.StatusAt(s.at()), c.Holder, c.OrgUnit, c.Opened, c.Near, c.Due, c.Ended, c.Topic, c.Detail)
		if c.Waits != 0 {
			fmt.Fprintf(&s.out, "  waits for an answer from %s\n", c.Waits)
		}
	}
}

// showCells shows the cells of a kind, or of all kinds when it is empty, that are not zero.
func (s *teller) showCells(kind string) {
	sum := make(projections.CellSum)
	for c, n := range s.rollups.Cells {
		sum.AddCount(c, n)
	}
	for _, c := range sum.Sorted() {
		if kind != "" && kind != c.Kind.String() {
			continue
		}
		var counts []string
		for i, n := range c.Counts {
			if n != 0 {
				counts = append(counts, fmt.Sprintf("%d:%d", i, n))
			}
		}
		fmt.Fprintf(&s.out, "%s %s %q %q employee %q role %q: %s\n", c.Kind, c.Month, c.Unit, c.Names, c.Employee, c.Role, strings.Join(counts, " "))
	}
}
