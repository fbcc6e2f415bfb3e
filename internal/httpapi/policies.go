package httpapi

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/projections"
)

// policiesView is the policies of the log.
type policiesView struct {
	Items []projections.PolicyView `json:"items" nullable:"false" doc:"The policy published last comes first. The last one is the policy that the views began with: it was not published and has no positions."`
}

// publishedView is a policy that was published by the request.
type publishedView struct {
	Version   string                `json:"version"`
	At        domain.Instant        `json:"published_at" doc:"From when on it holds, by the clock of the log."`
	Positions []eventstore.Position `json:"positions" nullable:"false" doc:"Where it takes effect in each partition."`
	Shown     bool                  `json:"shown" doc:"Whether the views have taken it in; known after a wait only."`
}

// policyBody is a policy in a JSON body.
type policyBody struct {
	Document string `json:"document" doc:"The policy as YAML, over the defaults of the program."`
	Actor    string `json:"actor,omitempty" doc:"Who publishes it; counts before the parameter actor."`
}

// mediasYAML are the names under which YAML is sent; the first one is registered.
var mediasYAML = []string{"application/yaml", "application/x-yaml", "text/yaml"}

// addPolicies registers what is about policies.
func (a *api) addPolicies() {
	read(a, "/v1/policies", "policies", "The policies of the log, the one in force first", a.policies, 504)
	if a.Control == nil {
		return
	}
	yaml := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "The policy, over the defaults of the program."}}
	body := a.schemaOf(policyBody{})
	a.order(ordering{
		path: "/v1/policies", id: "publish-policy", summary: "Publish a policy",
		description: "The policy takes effect in every partition at the place of its record; what came before keeps the policy it was folded " +
			"under. After a failure some partitions may have it: publish it again.",
		request:  map[string]*huma.MediaType{mediasYAML[0]: yaml, mediaJSON: {Schema: body}},
		answers:  map[int]answered{http.StatusCreated: {"The log has the policy in every partition.", publishedView{}}},
		problems: []int{400, 408, 409, 413, 415},
		carry:    a.publishPolicy,
	})
}

func (a *api) policies(ctx context.Context, in *AfterParam) (*answer[policiesView], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	published, err := a.Query.Policies(ctx)
	if err != nil {
		return nil, err
	}
	base := a.BasePolicy()
	first := projections.PolicyView{Version: base.Version, Positions: []eventstore.Position{}, Document: string(base.Document())}
	return &answer[policiesView]{positionText(reflected), policiesView{Items: append(slices.Clone(published), first)}}, nil
}

// publishPolicy carries out the order to publish a policy.
func (a *api) publishPolicy(o *order) (*done, error) {
	document, err := o.policy()
	if err != nil {
		return nil, err
	}
	if err := a.checkBase(document); err != nil {
		return nil, err
	}
	published, err := a.Control.Publish(o.r.Context(), document, o.actor)
	if err != nil {
		return nil, err
	}
	view := publishedView{Version: published.Version, At: published.At, Positions: published.Positions, Shown: o.shown(published.Positions...)}
	var reached eventstore.Positions
	for _, at := range published.Positions {
		reached = reached.Max(covering(at))
	}
	return &done{status: http.StatusCreated, at: positionText(reached), body: view}, nil
}

// checkBase returns an error when the document is another policy than the one that the views began with and has its
// version. A faulty document is refused later.
func (a *api) checkBase(document []byte) error {
	base := a.BasePolicy()
	policy, err := domain.ParsePolicy(document)
	if err == nil && policy.Version == base.Version && policy.Digest() != base.Digest() {
		return control.ErrConflicting
	}
	return nil
}

// policy returns the document in the body of the request.
func (o *order) policy() ([]byte, error) {
	media, _, err := mime.ParseMediaType(o.r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == mediaJSON:
		texts, err := o.texts("document", "actor")
		if err != nil {
			return nil, err
		}
		document, given := texts["document"]
		if !given {
			return nil, refusal("/body/document", domain.RuleRequired, "is required")
		}
		o.name(texts)
		return []byte(document), nil
	case err != nil || !slices.Contains(mediasYAML, media):
		return nil, unsupported(mediasYAML[0], mediaJSON)
	}
	content, release, err := o.api.slurp(o.w, o.r, maxOne)
	if err != nil {
		return nil, err
	}
	defer release()
	return slices.Clone(content), nil
}

// problemOfPolicy returns the problem of a document that is not a policy: pointers lead into the document.
func problemOfPolicy(faulty *domain.PolicyError) *Problem {
	p := kindInvalidPolicy.problem("Nothing was published. Each entry of errors names a place in the policy and the rule that is broken there.")
	for _, f := range faulty.Faults {
		fault := domain.Problem{Rule: rulePolicy, Message: f.Rule}
		if f.Field != "document" {
			fault.Pointer = "/" + strings.ReplaceAll(escapedToken(f.Field), ".", "/")
		}
		if strings.HasPrefix(f.Rule, "is not a name") {
			fault.Rule = ruleUnknown
		}
		p.Errors = append(p.Errors, fault)
	}
	return p
}

// rulePolicy is the rule that a value of a policy breaks. The message says what must hold.
const rulePolicy = "policy"
