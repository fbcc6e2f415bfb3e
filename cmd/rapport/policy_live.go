package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain"
)

// policiesDocument is the policies of a server, the one in force first.
type policiesDocument struct {
	Items []struct {
		Version   string         `json:"version"`
		At        domain.Instant `json:"published_at"`
		Positions []string       `json:"positions"`
		Document  string         `json:"document"`
	} `json:"items"`
}

// policies prints where each policy was published, and the one in force.
func (p *printer) policies(d *policiesDocument) {
	rows := make([]table.Row, 0, len(d.Items))
	for i := range d.Items {
		v := &d.Items[i]
		rows = append(rows, table.Row{v.Version, cmp.Or(when(v.At), "at first"), list(v.Positions)})
	}
	p.table(table.Row{"VERSION", "IN FORCE FROM", "PUBLISHED AT"}, rows)
	if len(d.Items) == 0 {
		return
	}
	p.section("IN FORCE: " + clean(d.Items[0].Version))
	for line := range strings.Lines(d.Items[0].Document) {
		p.line("%s", clean(strings.TrimRight(line, "\r\n")))
	}
}

// policyDiffCmd compares two policies.
type policyDiffCmd struct {
	clientFlags
	A string `arg:"" help:"Policy document (YAML); live is the policy in force on the server, default the program's own, - standard input."`
	B string `arg:"" help:"The same."`
}

// policyDiff is what differs between two policies.
type policyDiff struct {
	Different []policyDifference `json:"different"`
}

// policyDifference is one field that differs. A side that does not have the field is empty; an empty text is "".
type policyDifference struct {
	Field string `json:"field"`
	A     string `json:"a"`
	B     string `json:"b"`
}

// Run prints the fields that differ, with their values in both: what it changes to publish B in the place of A. So a B that
// says nothing of models has those of A.
func (c *policyDiffCmd) Run(ctx context.Context, a *app) error {
	if c.A == "-" && c.B == "-" {
		return &exitError{exitUsage, errors.New("diff policy: only one of the two can come from standard input")}
	}
	first, err := c.policy(ctx, a, c.A)
	if err != nil {
		return err
	}
	second, err := c.policy(ctx, a, c.B)
	if err != nil {
		return err
	}
	if second, err = second.After(first); err != nil {
		return fmt.Errorf("diff policy: %w", err)
	}
	var sides [2][]policyValue
	for i, policy := range []*domain.Policy{first, second} {
		if sides[i], err = policyValues(policy); err != nil {
			return fmt.Errorf("diff policy: %w", err)
		}
	}
	return printValue(a, differences(sides[0], sides[1]), (*printer).policyDiff)
}

// policy returns the policy that a name stands for.
func (c *policyDiffCmd) policy(ctx context.Context, a *app, name string) (*domain.Policy, error) {
	var document []byte
	switch name {
	case "default":
	case "live":
		answer, err := c.get(ctx, nil, "v1", "policies")
		if err != nil {
			return nil, err
		}
		var all policiesDocument
		if err := json.Unmarshal(answer, &all); err != nil {
			return nil, fmt.Errorf("diff policy: read the answer of %s: %w", c.shown(), err)
		}
		if len(all.Items) == 0 {
			return nil, fmt.Errorf("diff policy: %s has no policy", c.shown())
		}
		document = []byte(all.Items[0].Document)
	default:
		text, err := readDocument(a, name)
		if err != nil {
			return nil, &exitError{exitUsage, fmt.Errorf("diff policy: %w", err)}
		}
		document = text
	}
	policy, err := domain.ParsePolicy(document)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("diff policy: %s: %w", name, err)}
	}
	return policy, nil
}

// policyValue is one value of a policy with its path.
type policyValue struct{ field, value string }

// policyValues returns every value of a policy, in the order of its document.
func policyValues(p *domain.Policy) ([]policyValue, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(p.Document(), &root); err != nil {
		return nil, err
	}
	return flatten(nil, "", root.Content[0])
}

// flatten appends the values below a node. A list is one value.
func flatten(values []policyValue, path string, node *yaml.Node) ([]policyValue, error) {
	if node.Kind != yaml.MappingNode {
		text := cmp.Or(node.Value, `""`)
		if node.Kind != yaml.ScalarNode {
			flow := *node
			flow.Style = yaml.FlowStyle
			written, err := yaml.Marshal(&flow)
			if err != nil {
				return nil, err
			}
			text = strings.TrimSpace(string(written))
		}
		return append(values, policyValue{path, text}), nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		field := node.Content[i].Value
		if path != "" {
			field = path + "." + field
		}
		var err error
		if values, err = flatten(values, field, node.Content[i+1]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// differences returns the fields with other values in b than in a: those of a in their order, then those that only b
// has.
func differences(a, b []policyValue) *policyDiff {
	diff := &policyDiff{Different: []policyDifference{}}
	find := func(in []policyValue, field string) (string, bool) {
		i := slices.IndexFunc(in, func(v policyValue) bool { return v.field == field })
		if i < 0 {
			return "", false
		}
		return in[i].value, true
	}
	for _, v := range a {
		if other, found := find(b, v.field); !found || other != v.value {
			diff.Different = append(diff.Different, policyDifference{Field: v.field, A: v.value, B: other})
		}
	}
	for _, v := range b {
		if _, found := find(a, v.field); !found {
			diff.Different = append(diff.Different, policyDifference{Field: v.field, B: v.value})
		}
	}
	return diff
}

func (p *printer) policyDiff(d *policyDiff) {
	if len(d.Different) == 0 {
		p.line("no difference")
		return
	}
	rows := make([]table.Row, 0, len(d.Different))
	for _, f := range d.Different {
		rows = append(rows, table.Row{f.Field, f.A, f.B})
	}
	p.table(table.Row{"FIELD", "A", "B"}, rows)
}

// policyPublishCmd publishes a policy.
type policyPublishCmd struct {
	clientFlags
	actorFlag
	File string `arg:"" help:"Policy document (YAML); - is standard input." type:"existingfile"`
}

// publishedDocument is a policy that was published.
type publishedDocument struct {
	Version   string         `json:"version"`
	At        domain.Instant `json:"published_at"`
	Positions []string       `json:"positions"`
	Shown     bool           `json:"shown"`
}

// Run publishes the policy and prints where it takes effect. A version that belongs to another policy is exit code 4, a
// document with faults 2.
func (c *policyPublishCmd) Run(ctx context.Context, a *app) error {
	document, err := readDocument(a, c.File)
	if err != nil {
		return fmt.Errorf("publish policy: %w", err)
	}
	answer, err := c.order(ctx, c.actorFlag, "application/yaml", string(document), "v1", "policies")
	if err != nil {
		return err
	}
	return printDocument(a, answer, (*printer).published)
}

func (p *printer) published(d *publishedDocument) {
	views := "do not show it yet"
	if d.Shown {
		views = "show it"
	}
	p.fields("published", d.Version, "in force from", when(d.At), "positions", list(d.Positions), "views", views)
}
