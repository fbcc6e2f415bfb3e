package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain"
)

// policyCmd shows or checks a policy document.
type policyCmd struct {
	Show  policyShowCmd  `cmd:"" help:"Print the default policy, or a document with the defaults filled in."`
	Check policyCheckCmd `cmd:"" help:"List the faults of a policy document."`
}

// policyShowCmd prints a policy.
type policyShowCmd struct {
	File string `help:"Policy document (YAML); - is standard input." type:"existingfile" placeholder:"FILE"`
}

// Run prints the default document with its comments, or the values that are in force with the given document.
func (c *policyShowCmd) Run(_ context.Context, a *app) error {
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
	Valid   bool          `json:"valid"`
	Version string        `json:"version,omitempty"`
	Faults  []policyFault `json:"faults"`
}

// policyFault names a field of a document and the rule that is broken there.
type policyFault struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
}

// Run prints every fault of the document. A document with faults is exit code 2.
func (c *policyCheckCmd) Run(_ context.Context, a *app) error {
	document, err := readDocument(a, c.File)
	if err != nil {
		return fmt.Errorf("check policy: %w", err)
	}
	check := policyCheck{Faults: []policyFault{}}
	p, invalid := domain.ParsePolicy(document)
	if invalid == nil {
		check.Valid, check.Version = true, p.Version
	} else {
		check.Faults = policyFaults(document, invalid)
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

// policyFaults returns the faults of a document that domain.ParsePolicy refuses with err. Parsing stops at the first kind
// of fault, so every value is parsed again over the defaults by itself: that finds all of them and where they are. What
// only the whole shows is a fault of the document.
func policyFaults(document []byte, err error) []policyFault {
	var faults []policyFault
	var root yaml.Node
	if yaml.Unmarshal(document, &root) == nil && root.Kind == yaml.DocumentNode {
		faults = valueFaults(root.Content[0], "", func(value *yaml.Node) *yaml.Node { return value })
	}
	if len(faults) == 0 {
		return []policyFault{{"document", brokenRule(err)}}
	}
	return faults
}

// valueFaults returns the faults of the values below n, the value of the given field. wrap returns the document that
// holds nothing but a value at the place of n.
func valueFaults(n *yaml.Node, field string, wrap func(*yaml.Node) *yaml.Node) []policyFault {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return valueFault(field, wrap(n))
	}
	var faults []policyFault
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		below := func(value *yaml.Node) *yaml.Node {
			return wrap(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, value}})
		}
		faults = append(faults, valueFaults(n.Content[i+1], strings.TrimPrefix(field+"."+key.Value, "."), below)...)
	}
	return faults
}

// valueFault returns the fault of a document with a single value.
func valueFault(field string, single *yaml.Node) []policyFault {
	document, err := yaml.Marshal(single)
	if err == nil {
		_, err = domain.ParsePolicy(document)
	}
	if err == nil {
		return nil
	}
	if field == "" {
		field = "document"
	}
	return []policyFault{{field, strings.TrimPrefix(brokenRule(err), field+" ")}}
}

// How the YAML decoder reports a name that no field has, and a value that does not fit the Go type of its field.
var (
	unknownName = regexp.MustCompile(`^line \d+: field \S+ not found in type \S+$`)
	misfit      = regexp.MustCompile(`^line \d+: cannot unmarshal .* into (\S+)$`)
)

// brokenRule returns what must hold, in words about documents instead of Go types.
func brokenRule(err error) string {
	shape, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return strings.TrimPrefix(err.Error(), "parse policy: ")
	}
	rule := list(shape.Errors)
	if unknownName.MatchString(rule) {
		return "is not a name of the policy"
	}
	found := misfit.FindStringSubmatch(rule)
	if found == nil {
		return rule
	}
	switch typ := found[1]; {
	case typ == "string" || strings.HasSuffix(typ, ".Clock"):
		return "must be a text"
	case strings.HasPrefix(typ, "int"):
		return "must be a whole number"
	case strings.HasPrefix(typ, "float"):
		return "must be a number"
	case typ == "time.Duration":
		return "must be a length of time such as 15m"
	case strings.HasSuffix(typ, ".RiskLevel"):
		return "must be the name of a risk level"
	default:
		return "must be a mapping of names to values"
	}
}
