package mail

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// Writer makes letters of outputs.
type Writer struct {
	// BaseURL is where people reach the API, for a link to the customer. Default: no link.
	BaseURL string
}

// output is the part of an output, a CloudEvent in JSON, that letters tell.
type output struct {
	Type    string                     `json:"type"`
	Subject string                     `json:"subject"`
	Time    time.Time                  `json:"time"`
	OrgUnit string                     `json:"orgunit"`
	Data    map[string]json.RawMessage `json:"data"`
}

// Letter returns the letter about one output, which is given as a CloudEvent in JSON. It has no receiver and no id yet.
func (w Writer) Letter(event []byte) (Letter, error) {
	o, err := parse(event)
	if err != nil {
		return Letter{}, err
	}
	return Letter{Subject: o.title(), Text: w.paragraph(&o), Date: o.Time}, nil
}

// Digest returns the letter about several outputs, in their order, under a title. It has no receiver and no id yet.
func (w Writer) Digest(title string, at time.Time, events [][]byte) (Letter, error) {
	parts := make([]string, 0, len(events))
	for _, event := range events {
		o, err := parse(event)
		if err != nil {
			return Letter{}, err
		}
		parts = append(parts, o.title()+"\n"+w.paragraph(&o))
	}
	return Letter{Subject: oneLine(title), Text: strings.Join(parts, "\n\n"), Date: at}, nil
}

func parse(event []byte) (output, error) {
	var o output
	if err := json.Unmarshal(event, &o); err != nil {
		return o, fmt.Errorf("write letter: %w", err)
	}
	return o, nil
}

// title names the type, the level and the customer: "Churn warning raised: high, customer c-17".
func (o *output) title() string {
	_, name, _ := strings.Cut(o.Type, ".")
	family, _, _ := strings.Cut(o.Type, ".")
	title := words(family + "_" + name)
	if level := text(o.Data["level"]); level != "" {
		title += ": " + level
	}
	return oneLine(fmt.Sprintf("%s, customer %s", title, o.Subject))
}

// paragraph tells what the output says, a line for each member of its data.
func (w Writer) paragraph(o *output) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Customer: %s\n", oneLine(o.Subject))
	if o.OrgUnit != "" {
		fmt.Fprintf(&b, "Org unit: %s\n", oneLine(o.OrgUnit))
	}
	for _, name := range o.members() {
		if value := text(o.Data[name]); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", words(name), oneLine(value))
		}
	}
	if w.BaseURL != "" {
		fmt.Fprintf(&b, "See: %s/v1/customers/%s\n", strings.TrimRight(w.BaseURL, "/"), url.PathEscape(o.Subject))
	}
	return b.String()
}

// members returns the members of the data in the order of the catalogue, those it does not know after them by name.
func (o *output) members() []string {
	var names []string
	if typ, known := domain.LookupOutput(o.Type); known {
		for _, f := range typ.Fields {
			names = append(names, f.Name)
		}
	}
	var others []string
	for name := range o.Data {
		if !slices.Contains(names, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append(names, others...)
}

// text returns a value for people: a text or a number as it is, a list of texts with commas, of objects by their members.
func text(value json.RawMessage) string {
	var v any
	if len(value) == 0 || json.Unmarshal(value, &v) != nil {
		return ""
	}
	return plain(v)
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = plain(v[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		if factor, ok := v["factor"].(string); ok {
			return factor + " " + plain(v["points"])
		}
		b, _ := json.Marshal(v) // it came from JSON
		return string(b)
	default:
		return fmt.Sprint(v)
	}
}

// words makes words of a name: "usual_gap_days" is "Usual gap days".
func words(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
}

// oneLine keeps what customers wrote from looking like lines, or headers, of the letter.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }), " ")
}
