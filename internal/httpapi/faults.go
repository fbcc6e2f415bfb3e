package httpapi

import (
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// ruleUnknown is the rule that a parameter breaks which does not exist.
const ruleUnknown = "unknown"

// filterFault returns the rule that a filter breaks. The message names the parameter first.
func filterFault(err error) domain.Problem {
	message := err.Error()
	if i := strings.LastIndex(message, projections.ErrFilter.Error()+": "); i >= 0 {
		message = message[i+len(projections.ErrFilter.Error())+2:]
	}
	name, rest, _ := strings.Cut(message, " ")
	return domain.Problem{Pointer: "/query/" + name, Rule: domain.RuleFormat, Message: rest}
}

// parameter returns the problem of one query parameter.
func parameter(name, rule, message string) *Problem {
	return kindInvalid.problem("A parameter cannot be used.",
		domain.Problem{Pointer: "/query/" + name, Rule: rule, Message: message})
}

// translate is the transformer that turns an error of huma's own into a problem. huma puts the rejected value into its
// errors; it is left out here.
func (a *api) translate(ctx huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := kindInvalid.problem("Each entry of errors names a parameter and the rule it breaks.")
	if model.Status >= 500 {
		p = a.report(ctx.Context(), errors.New(model.Detail))
	}
	p.Instance = requestID(ctx.Context())
	for _, e := range model.Errors {
		p.Errors = append(p.Errors, domain.Problem{
			Pointer: "/" + strings.ReplaceAll(e.Location, ".", "/"), Rule: ruleOf(e.Message), Message: e.Message,
		})
	}
	return p, nil
}

// ruleOf returns the rule that a message of huma speaks of.
func ruleOf(message string) string {
	for _, row := range [...]struct{ start, rule string }{
		{"unknown", ruleUnknown},
		{"required", domain.RuleRequired},
		{"invalid", domain.RuleType},
		{"expected number >", domain.RuleMin},
		{"expected number <", domain.RuleMax},
		{"expected value to be one of", domain.RuleOneOf},
		{"expected length", domain.RuleLength},
		{"expected string to be", domain.RuleFormat},
		{"expected string to match", domain.RuleFormat},
	} {
		if strings.HasPrefix(message, row.start) {
			return row.rule
		}
	}
	return domain.RuleType
}
