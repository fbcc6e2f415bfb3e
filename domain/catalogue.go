package domain

import (
	"cmp"
	"embed"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

//go:generate go run ./schemas/gen

//go:embed examples/*.json
var examples embed.FS

// Stream says what the subject of an event is.
type Stream uint8

// The kinds of stream. The subject of a customer event is the customer id; organisation units and employees have
// streams of their own with a prefix; corrections may stand in any stream but the one of control records.
const (
	StreamCustomer Stream = iota
	StreamOrg
	StreamEmployee
	StreamAny
	StreamControl
)

// The prefixes of subjects that are not customers.
const (
	OrgPrefix      = "org:"
	EmployeePrefix = "employee:"
)

// String returns the name of the kind of stream as the documentation has it.
func (s Stream) String() string {
	switch s {
	case StreamCustomer:
		return "customer"
	case StreamOrg:
		return "org"
	case StreamEmployee:
		return "employee"
	case StreamControl:
		return "control"
	}
	return "any"
}

// Type describes one event type of the catalogue. Types are shared and must not be changed.
type Type struct {
	// Name is the CloudEvents type, for example "purchase.recorded".
	Name string
	// Family is the group the type belongs to, for example "trade".
	Family string
	// Version is the version of the data that Rapport writes.
	Version int
	// Description is one English sentence that says what the event means.
	Description string
	// Control is true for records that the engine appends for itself and refuses from others.
	Control bool
	// Stream is the kind of stream the events of this type stand in.
	Stream Stream
	// Fields are the members of the data that the catalogue knows. Others are kept and have no meaning.
	Fields []Field

	index int
	plan  *plan
}

// New returns a pointer to a new, empty struct of the type's data, for example *PurchaseRecorded.
func (t *Type) New() any { return reflect.New(t.plan.of).Interface() }

// Example returns data of this type that passes every rule, as compact JSON. The caller owns the bytes.
func (t *Type) Example() []byte {
	b, err := examples.ReadFile("examples/" + t.Name + ".json")
	if err != nil {
		panic("domain: " + t.Name + " has no example: " + err.Error())
	}
	return jsonscan.AppendCompact(nil, b)
}

// CheckSubject reports with an *Invalid that the subject does not name the kind of stream this type belongs to.
func (t *Type) CheckSubject(subject string) error {
	if p := t.subjectProblem(subject); p != nil {
		return &Invalid{Problems: []Problem{*p}}
	}
	return nil
}

func (t *Type) subjectProblem(subject string) *Problem {
	if p := reservedProblem(subject); p != nil && !t.Control {
		return p
	}
	var message string
	switch org, employee := strings.HasPrefix(subject, OrgPrefix), strings.HasPrefix(subject, EmployeePrefix); {
	case t.Stream == StreamCustomer && (org || employee):
		message = "must be a customer id for this type"
	case t.Stream == StreamOrg && (!org || len(subject) == len(OrgPrefix)):
		message = "must be an organisation unit for this type: org: and its path"
	case t.Stream == StreamEmployee && (!employee || len(subject) == len(EmployeePrefix)):
		message = "must be an employee for this type: employee: and their id"
	case t.Stream == StreamControl && subject != ControlSubject:
		message = "must be " + ControlSubject + " for this type"
	default:
		return nil
	}
	return &Problem{Pointer: "/subject", Rule: RuleFormat, Message: message}
}

// reservedProblem returns the problem of an event that is no control record and has a subject only those may have.
func reservedProblem(subject string) *Problem {
	if !strings.HasPrefix(subject, ReservedPrefix) {
		return nil
	}
	return &Problem{Pointer: "/subject", Rule: RuleReserved, Message: "must not begin with " + ReservedPrefix}
}

// Types returns all event types of the catalogue in the order of their names. The slice is shared.
func Types() []*Type { return catalogue().types }

// Lookup returns the event type of the given name. Event types outside the catalogue are not an error: they are kept
// and shown, and have no meaning unless a policy gives them one.
func Lookup(name string) (*Type, bool) {
	t, ok := catalogue().byName[name]
	return t, ok
}

// typeIndex is the finished catalogue.
type typeIndex struct {
	types        []*Type
	byName       map[string]*Type
	outputs      []*OutputType
	outputByName map[string]*OutputType
	state        *Type
}

var catalogue = sync.OnceValue(func() typeIndex {
	all := slices.Concat(identityTypes(), acquisitionTypes(), tradeTypes(), contactTypes(), serviceTypes(),
		satisfactionTypes(), complaintTypes(), churnTypes(), peopleTypes(), correctionTypes(), controlTypes())
	slices.SortFunc(all, func(a, b *Type) int { return cmp.Compare(a.Name, b.Name) })
	outputs := outputTypes()
	slices.SortFunc(outputs, func(a, b *OutputType) int { return cmp.Compare(a.Name, b.Name) })
	c := typeIndex{
		types: all, byName: make(map[string]*Type), outputs: outputs, outputByName: make(map[string]*OutputType),
		state: typeOf[CustomerState]("identity", "customer.state"),
	}
	for i, t := range all {
		t.complete(i)
		c.byName[t.Name] = t
	}
	for i, t := range outputs {
		t.complete(len(all) + i)
		c.outputByName[t.Name] = t
	}
	c.state.complete(len(all) + len(outputs))
	return c
})

// complete gives t its place among all types, those of derived events and of states included, and its description.
func (t *Type) complete(index int) { t.index, t.Description = index, descriptions[t.Name] }

// typeOf describes the event type whose data is a T.
func typeOf[T any](family, name string) *Type {
	p := planOf(reflect.TypeFor[T]())
	return &Type{Name: name, Family: family, Version: 1, Fields: p.describe(), plan: p}
}

// in sets the kind of stream and returns t.
func (t *Type) in(s Stream) *Type {
	t.Stream = s
	return t
}

// control marks t as a record of the engine's own and returns it.
func (t *Type) control() *Type {
	t.Control = true
	return t.in(StreamControl)
}
