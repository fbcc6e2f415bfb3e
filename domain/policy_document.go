package domain

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain/questionnaire"
)

// PolicyFault is one thing that is wrong with a policy document.
type PolicyFault struct {
	// Field is the path of the value, for example "lifecycle.decline_gaps"; "document" for the document as a whole.
	Field string `json:"field"`
	// Rule says what must hold.
	Rule string `json:"rule"`
}

// PolicyError is the error of a policy document: all its faults, at least one.
type PolicyError struct {
	Faults []PolicyFault
}

// Error lists the faults.
func (e *PolicyError) Error() string {
	list := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		list[i] = f.Field + " " + f.Rule
	}
	return "invalid policy: " + strings.Join(list, "; ")
}

// ParsePolicy reads a YAML document over the defaults. Unknown names, values of the wrong kind and values out of range
// are faults of one *PolicyError that lists all of them.
func ParsePolicy(doc []byte) (*Policy, error) {
	var d policyDocument
	p := new(Policy)
	d.mapping("", defaultDocument(), reflect.ValueOf(p).Elem())
	d.read(doc, p)
	if p.Questionnaires.Definitions == nil {
		p.Questionnaires = *questionnaire.Default()
	}
	p.check(d.unless)
	if len(d.faults) > 0 {
		return nil, &PolicyError{Faults: d.faults}
	}
	return p, nil
}

// ParseNewPolicy reads a document that is about to be put in force: as ParsePolicy, and by the rules that are younger than
// documents which logs already hold. Those are read as they were, or a replay would fold what came after them by another policy.
func ParseNewPolicy(doc []byte) (*Policy, error) {
	p, err := ParsePolicy(doc)
	if err != nil {
		return nil, err
	}
	var d policyDocument
	for _, name := range slices.Sorted(maps.Keys(p.Risk.Signals)) {
		rule := p.Risk.Signals[name]
		rule.checkNew(name, d.unless)
	}
	if len(d.faults) > 0 {
		return nil, &PolicyError{Faults: d.faults}
	}
	return p, nil
}

// defaultDocument returns the default document, which is parsed once.
var defaultDocument = sync.OnceValue(func() *yaml.Node {
	var root yaml.Node
	if err := yaml.Unmarshal(defaultPolicy, &root); err != nil {
		panic("domain: the embedded policy is invalid: " + err.Error())
	}
	return root.Content[0]
})

// Document returns the policy as a canonical YAML document: every value, also those that are defaults, in a fixed order
// and without comments. ParsePolicy reads it back to an equal policy, whatever the defaults are by then.
func (p *Policy) Document() []byte {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(p), enc.Close()); err != nil {
		panic("domain: the policy cannot be written: " + err.Error())
	}
	return b.Bytes()
}

// Digest identifies the values of the policy, the version among them: the first 16 bytes of the SHA-256 of Document in
// hexadecimal digits. Two policies with the same digest fold any log to the same results.
func (p *Policy) Digest() string {
	sum := sha256.Sum256(p.Document())
	return hex.EncodeToString(sum[:16])
}

// policyDocument fills a policy from YAML and collects the faults.
type policyDocument struct {
	faults []PolicyFault
}

// unless notes a fault, one for each field.
func (d *policyDocument) unless(ok bool, field, rule string) {
	known := func(f PolicyFault) bool { return f.Field == field }
	if !ok && !slices.ContainsFunc(d.faults, known) {
		d.faults = append(d.faults, PolicyFault{Field: field, Rule: rule})
	}
}

func (d *policyDocument) read(doc []byte, into *Policy) {
	var root yaml.Node
	if err := yaml.Unmarshal(doc, &root); err != nil {
		d.unless(false, "document", "must be YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if len(root.Content) > 0 {
		d.mapping("", root.Content[0], reflect.ValueOf(into).Elem())
	}
}

// mapping sets the fields of a struct from a YAML mapping.
func (d *policyDocument) mapping(path string, node *yaml.Node, into reflect.Value) {
	if node.Kind != yaml.MappingNode {
		field := cmp.Or(strings.TrimSuffix(path, "."), "document")
		d.unless(node.Tag == "!!null", field, "must be a mapping of names to values")
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		d.unless(!seen[name], path+name, "is given twice")
		seen[name] = true
		if set, ok := into.Addr().Interface().(*Policy); ok && name == "questionnaires" {
			d.questionnaires(node.Content[i+1], &set.Questionnaires)
			continue
		}
		field, known := policyField(into, name)
		if !known {
			d.unless(false, path+name, "is not a name of the policy")
			continue
		}
		d.value(path+name, node.Content[i+1], field)
	}
}

// policyField returns the field that carries a name of the document.
func policyField(of reflect.Value, name string) (reflect.Value, bool) {
	for i := range of.NumField() {
		switch tag := strings.TrimSuffix(of.Type().Field(i).Tag.Get("yaml"), ",omitempty"); tag {
		case name:
			return of.Field(i), true
		case ",inline":
			if field, known := policyField(of.Field(i), name); known {
				return field, true
			}
		}
	}
	return reflect.Value{}, false
}

// questionnaires reads the list of questionnaires over the built-in ones.
func (d *policyDocument) questionnaires(list *yaml.Node, into *questionnaire.Set) {
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "questionnaires"}
	doc, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{name, list}})
	if err != nil {
		d.unless(false, "questionnaires", "must be YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	set, err := questionnaire.Parse(doc)
	var invalid *questionnaire.Error
	if errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			d.unless(false, f.Field, f.Rule)
		}
		return
	}
	*into = *set
}

// table replaces a map by the mappings of a YAML mapping, under whatever names it has. Kinds of deadline and signals that
// the mapping does not name stay, and so do the values that it does not give.
func (d *policyDocument) table(path string, node *yaml.Node, into reflect.Value) {
	if node.Kind != yaml.MappingNode {
		d.unless(node.Tag == "!!null", path, "must be a mapping of names to values")
		return
	}
	table := reflect.MakeMap(into.Type())
	switch rules := into.Interface().(type) {
	case map[string]DeadlineRule:
		maps.Copy(table.Interface().(map[string]DeadlineRule), rules)
	case map[string]SignalRule:
		maps.Copy(table.Interface().(map[string]SignalRule), rules)
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		d.unless(!seen[name], path+"."+name, "is given twice")
		seen[name] = true
		entry := reflect.New(into.Type().Elem()).Elem()
		if before := table.MapIndex(reflect.ValueOf(name)); before.IsValid() {
			entry.Set(before)
		} else {
			setUsual(entry.Addr().Interface())
		}
		d.value(path+"."+name, node.Content[i+1], entry)
		table.SetMapIndex(reflect.ValueOf(name), entry)
	}
	into.Set(table)
}

// setUsual gives an entry of a table or a list that is new the values that a document may leave out.
func setUsual(entry any) {
	switch rule := entry.(type) {
	case *DeadlineRule:
		*rule = usualDeadline()
	case *SignalRule:
		*rule = usualSignal()
	case *EscalationStep:
		*rule = usualStep()
	}
}

// list replaces a list of mappings by that of the document.
func (d *policyDocument) list(path string, node *yaml.Node, into reflect.Value) {
	if node.Kind != yaml.SequenceNode {
		d.unless(false, path, policyRule(into))
		return
	}
	list := reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content))
	for i, entry := range node.Content {
		setUsual(list.Index(i).Addr().Interface())
		d.value(fmt.Sprintf("%s[%d]", path, i), entry, list.Index(i))
	}
	into.Set(list)
}

func (d *policyDocument) value(path string, node *yaml.Node, into reflect.Value) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if into.Kind() == reflect.Struct {
		d.mapping(path+".", node, into)
		return
	}
	if into.Kind() == reflect.Map {
		d.table(path, node, into)
		return
	}
	// Classes of value are decoded below, which passes over what it does not know: documents in logs may have that.
	if into.Type() == reflect.TypeFor[[]EscalationStep]() {
		d.list(path, node, into)
		return
	}
	// The decoder would cut the fraction off a number for an integer.
	whole := into.CanInt() && into.Type() != reflect.TypeFor[time.Duration]()
	if whole && node.Tag != "!!int" {
		d.unless(false, path, "must be a whole number")
		return
	}
	if err := node.Decode(into.Addr().Interface()); err != nil {
		d.unless(false, path, policyRule(into))
	}
}

// policyRule says what the value of a field must be.
func policyRule(field reflect.Value) string {
	switch field.Interface().(type) {
	case RiskLevel:
		return "must be one of low, watch, high, critical"
	case time.Duration:
		return "must be a length of time such as 15m"
	case []Date:
		return "must be a list of dates such as 2026-10-01"
	case []int64:
		return "must be a list of whole numbers"
	case []ValueClass:
		return "must be a list of classes such as {name: A, share: 0.8}"
	case []EscalationStep:
		return "must be a list of steps such as {after: 8h, time: working, level: high, up: 1}"
	}
	switch field.Kind() {
	case reflect.Int, reflect.Int64:
		return "must be a whole number"
	case reflect.Float64:
		return "must be a number"
	case reflect.Slice:
		return "must be a list of texts"
	default:
		return "must be a text"
	}
}
