package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/notify"
)

// order is a request by which somebody changes something.
type order struct {
	api *api
	w   http.ResponseWriter
	r   *http.Request
	// actor is who gives the order, as far as the request says, and actorAt where it says so.
	actor, actorAt string
}

// done is the answer to an order that was carried out.
type done struct {
	status int
	// at is the place of the record that came of it, or the places, as a position.
	at string
	// body is marshalled as JSON.
	body any
}

// ordering is one operation that changes something.
type ordering struct {
	// method is that of HTTP. Default: POST.
	method                         string
	path, id, summary, description string
	// local says that the effect is not in the log: nobody is named and there is nothing to wait for.
	local bool
	// parameter is that of the path, nil for none.
	parameter *huma.Param
	// request is the body, nil for none.
	request map[string]*huma.MediaType
	// answers are the types of the answers by their status.
	answers map[int]answered
	// problems are the statuses of problems besides 422.
	problems []int
	carry    func(*order) (*done, error)
}

// answered describes an answer.
type answered struct {
	description string
	body        any
}

// The parameters that every order may have.
const (
	paramActor = "actor"
	paramWait  = "wait"
)

// order registers an operation that changes something. huma reads bodies by rules of its own, so it only describes them.
func (a *api) order(op ordering) {
	op.method = cmp.Or(op.method, http.MethodPost)
	a.mux.HandleFunc(op.method+" "+op.path, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		o := &order{api: a, w: w, r: r, actor: query.Get(paramActor), actorAt: "/query/actor"}
		if !op.local {
			if query.Has(paramWait) {
				r.Header.Add(headerPrefer, preferWait+"="+query.Get(paramWait))
			}
			delete(query, paramActor)
			delete(query, paramWait)
		}
		if len(query) > 0 {
			a.fail(w, r, unknownParameters(slices.Sorted(maps.Keys(query))))
			return
		}
		out, err := op.carry(o)
		if err != nil {
			a.fail(w, r, o.placed(err))
			return
		}
		o.answer(out)
	})
	a.describeOrder(op)
}

// answer answers the request.
func (o *order) answer(out *done) {
	if out.status == http.StatusNoContent {
		o.w.WriteHeader(out.status)
		return
	}
	body, err := json.Marshal(out.body)
	if err != nil {
		o.api.fail(o.w, o.r, err)
		return
	}
	if out.at != "" {
		o.w.Header().Set(headerPosition, out.at)
	}
	o.w.Header().Set("Content-Type", "application/json")
	o.w.WriteHeader(out.status)
	_, _ = o.w.Write(append(body, '\n'))
}

// shown reports whether the views reflect the places, after a wait when the request prefers one.
func (o *order) shown(places ...eventstore.Position) bool {
	wait, asked := preferredWait(o.r.Header, o.api.WaitLimit)
	if !asked {
		return false
	}
	o.w.Header().Set(headerApplied, preferWait)
	ctx, cancel := context.WithTimeout(o.r.Context(), wait)
	defer cancel()
	var until eventstore.Positions
	for _, at := range places {
		until = until.Max(covering(at))
	}
	return o.api.Waiter.Wait(ctx, until) == nil
}

// texts reads a body that is a JSON object of texts with the given names, any of which may be missing.
func (o *order) texts(names ...string) (map[string]string, error) {
	members, err := o.object(mediaJSON)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(members))
	p := kindInvalid.problem(detailOrder)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var text *string
		switch {
		case !slices.Contains(names, name):
			p.Errors = append(p.Errors, unknownMember(name))
		case json.Unmarshal(members[name], &text) != nil || text == nil:
			p.Errors = append(p.Errors, wrongMember(name, "must be a text"))
		default:
			texts[name] = *text
		}
	}
	if len(p.Errors) > 0 {
		return nil, p
	}
	return texts, nil
}

// object reads a body that is a JSON object, in one of the given forms.
func (o *order) object(media ...string) (map[string]json.RawMessage, error) {
	given, _, err := mime.ParseMediaType(o.r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(media, given) {
		return nil, unsupported(media...)
	}
	content, release, err := o.api.slurp(o.w, o.r, maxOne)
	if err != nil {
		return nil, err
	}
	defer release()
	return readObject(content)
}

// assign puts the members of a JSON object into the variables that are named after them, and returns what is wrong with
// them. null is the zero value; a variable without a member stays as it is.
func assign(members map[string]json.RawMessage, variables map[string]any) []domain.Problem {
	var wrong []domain.Problem
	for _, name := range slices.Sorted(maps.Keys(members)) {
		variable, known := variables[name]
		switch {
		case !known:
			wrong = append(wrong, unknownMember(name))
		case string(members[name]) == "null":
			reflect.ValueOf(variable).Elem().SetZero()
		case json.Unmarshal(members[name], variable) != nil:
			wrong = append(wrong, wrongMember(name, "must be "+formOf(variable)))
		}
	}
	return wrong
}

// formOf returns in words what JSON a variable takes.
func formOf(variable any) string {
	switch reflect.TypeOf(variable).Elem().Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of texts"
	default:
		return "a text"
	}
}

// name takes over who gives the order from the body, when it says so.
func (o *order) name(texts map[string]string) {
	if actor, given := texts["actor"]; given {
		o.actor, o.actorAt = actor, "/body/actor"
	}
}

// mediaJSON is the media type of the bodies of orders.
const mediaJSON = "application/json"

// unsupported returns the problem of a body in another form than those accepted.
func unsupported(accepted ...string) *Problem {
	p := kindMedia.problem("The content type must be " + strings.Join(accepted, " or ") + ".")
	p.setHeader("Accept-Post", strings.Join(accepted, ", "))
	return p
}

// readObject reads a JSON object.
func readObject(content []byte) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(content, &members)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, kindMalformed.problem("Nothing was changed: the body must be JSON.",
			domain.Problem{Pointer: "/body", Rule: "syntax", Message: "must be JSON; the fault is at byte " + strconv.FormatInt(syntax.Offset, 10)})
	case err != nil || members == nil:
		return nil, refusal("/body", domain.RuleType, "must be an object")
	}
	return members, nil
}

func wrongMember(name, message string) domain.Problem {
	return domain.Problem{Pointer: "/body/" + name, Rule: domain.RuleType, Message: message}
}

func unknownMember(name string) domain.Problem {
	return domain.Problem{Pointer: "/body/" + escapedToken(name), Rule: ruleUnknown, Message: "there is no such member"}
}

const detailOrder = "Nothing was changed. Each entry of errors names a place in the request and the rule that is broken there."

// refusal returns the problem of one place in the request.
func refusal(pointer, rule, message string) *Problem {
	return kindInvalid.problem(detailOrder, domain.Problem{Pointer: pointer, Rule: rule, Message: message})
}

// escapedToken returns a name as it stands in a JSON pointer.
func escapedToken(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// placed returns the error with its places in the control record turned into those of the request.
func (o *order) placed(err error) error {
	if faulty, ok := errors.AsType[*domain.PolicyError](err); ok {
		return problemOfPolicy(faulty)
	}
	if faulty, ok := errors.AsType[*notify.Faulty](err); ok {
		return problemOfWebhook(faulty)
	}
	invalid, ok := errors.AsType[*domain.Invalid](err)
	if !ok {
		return err
	}
	p := kindInvalid.problem(detailOrder)
	for _, fault := range invalid.Problems {
		switch fault.Pointer {
		case "/actor":
			fault.Pointer = o.actorAt
		case "/data/stream":
			fault.Pointer = "/path/stream"
		default:
			fault.Pointer = "/body" + strings.TrimPrefix(fault.Pointer, "/data")
		}
		p.Errors = append(p.Errors, fault)
	}
	return p
}

// describeOrder adds the operation to the OpenAPI document.
func (a *api) describeOrder(op ordering) {
	described := &huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Summary: op.summary, Description: op.description,
		Responses: a.problems(append(op.problems, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)...),
	}
	var headers map[string]*huma.Param
	if !op.local {
		described.Parameters, headers = loggedOrder()
	}
	if op.parameter != nil {
		described.Parameters = append([]*huma.Param{op.parameter}, described.Parameters...)
	}
	if op.request != nil {
		described.RequestBody = &huma.RequestBody{Required: true, Content: op.request}
	}
	for status, answer := range op.answers {
		response := &huma.Response{Description: answer.description, Headers: headers}
		if answer.body != nil {
			response.Content = map[string]*huma.MediaType{mediaJSON: {Schema: a.schemaOf(answer.body)}}
		}
		described.Responses[strconv.Itoa(status)] = response
	}
	a.huma.OpenAPI().AddOperation(described)
}

// loggedOrder returns the parameters of orders whose effect is a record of the log, and the headers of their answers.
func loggedOrder() ([]*huma.Param, map[string]*huma.Param) {
	text := &huma.Schema{Type: huma.TypeString}
	limit := domain.MaxID
	parameters := []*huma.Param{
		{Name: paramActor, In: "query", Description: "Who does it, for the record that says so.", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &limit}, Example: "employee:e17"},
		{Name: paramWait, In: "query", Description: "The preference wait for clients that cannot set headers: a number of seconds, or empty.", Schema: text},
		{Name: headerPrefer, In: "header", Description: "wait, or wait= and a number of seconds: wait until the views reflect the change, at most as long as the server allows.", Schema: text, Example: "wait=5"},
	}
	return parameters, map[string]*huma.Param{
		headerPosition: {Description: "The place of the record that came of it.", Schema: text},
		headerApplied:  {Description: "The preference wait, when the request had it.", Schema: text},
	}
}
