package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain"
)

// policyCmd is about policies.
type policyCmd struct {
	Show    policyShowCmd    `cmd:"" help:"Print the default policy, a document with the defaults filled in, or the policy of a server."`
	Check   policyCheckCmd   `cmd:"" help:"List the faults of a policy document."`
	Diff    policyDiffCmd    `cmd:"" help:"Show field by field what it changes to publish B in the place of A. Models that B says nothing of stay."`
	Publish policyPublishCmd `cmd:"" help:"Put a policy in force."`
}

// policyShowCmd prints a policy.
type policyShowCmd struct {
	File string `help:"Policy document (YAML); - is standard input." type:"existingfile" placeholder:"FILE" xor:"source"`
	URL  string `help:"Address of a running server, of which the policy in force is printed, and where each was published." placeholder:"URL" xor:"source"`
}

// Run prints the default document with its comments, the values that are in force with the given document, or the
// policies of a server.
func (c *policyShowCmd) Run(ctx context.Context, a *app) error {
	if c.URL != "" {
		document, err := clientFlags{URL: c.URL}.get(ctx, nil, "v1", "policies")
		if err != nil {
			return err
		}
		return printDocument(a, document, (*printer).policies)
	}
	document := domain.DefaultPolicyDocument()
	if c.File != "" {
		effective, err := effectivePolicy(a, c.File)
		if err != nil {
			return err
		}
		document = effective
	}
	if a.JSON {
		// Decoded without the type, so that names and texts are those of the YAML form.
		var values map[string]any
		if err := yaml.Unmarshal(document, &values); err != nil {
			return fmt.Errorf("show policy: %w", err)
		}
		asJSON, err := json.Marshal(values)
		if err != nil {
			return fmt.Errorf("show policy: %w", err)
		}
		document = append(asJSON, '\n')
	}
	if _, err := a.Stdout.Write(document); err != nil {
		return fmt.Errorf("show policy: %w", err)
	}
	return nil
}

// effectivePolicy returns the values that are in force with the document in a file.
func effectivePolicy(a *app, file string) ([]byte, error) {
	document, err := readDocument(a, file)
	if err != nil {
		return nil, fmt.Errorf("show policy: %w", err)
	}
	p, err := domain.ParsePolicy(document)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("show policy: %s: %w", file, err)}
	}
	var effective bytes.Buffer
	enc := yaml.NewEncoder(&effective)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(p), enc.Close()); err != nil {
		return nil, fmt.Errorf("show policy: %w", err)
	}
	return effective.Bytes(), nil
}

// policyCheckCmd checks a policy document.
type policyCheckCmd struct {
	File string `arg:"" help:"Policy document (YAML); - is standard input." type:"existingfile"`
}

// policyCheck is the result of checking a document.
type policyCheck struct {
	Valid   bool                 `json:"valid"`
	Version string               `json:"version,omitempty"`
	Faults  []domain.PolicyFault `json:"faults"`
}

// Run prints every fault of the document. A document with faults is exit code 2.
func (c *policyCheckCmd) Run(_ context.Context, a *app) error {
	document, err := readDocument(a, c.File)
	if err != nil {
		return fmt.Errorf("check policy: %w", err)
	}
	check := policyCheck{Faults: []domain.PolicyFault{}}
	p, err := domain.ParseNewPolicy(document)
	if invalid, ok := errors.AsType[*domain.PolicyError](err); ok {
		check.Faults = invalid.Faults
	} else {
		check.Valid, check.Version = true, p.Version
	}
	if err := printValue(a, &check, (*printer).policyCheck); err != nil || check.Valid {
		return err
	}
	return &exitError{exitUsage, fmt.Errorf("check policy: %s is not a valid policy", c.File)}
}

func (p *printer) policyCheck(c *policyCheck) {
	if c.Valid {
		p.fields("valid policy", c.Version)
		return
	}
	rows := make([]table.Row, 0, len(c.Faults))
	for _, f := range c.Faults {
		rows = append(rows, table.Row{f.Field, f.Rule})
	}
	p.table(table.Row{"FIELD", "RULE"}, rows)
}

// readDocument returns the content of a file, or of standard input for "-".
func readDocument(a *app, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(a.Stdin)
	}
	return os.ReadFile(file)
}
