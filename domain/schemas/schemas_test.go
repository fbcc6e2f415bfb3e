package schemas_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/schemas"
)

// everyType returns the types of events, of derived events and of states.
func everyType() []*domain.Type {
	all := slices.Clone(domain.Types())
	for _, typ := range domain.Outputs() {
		all = append(all, typ.Type)
	}
	return append(all, domain.CustomerStateType())
}

// find returns the type of event or derived event of the given name.
func find(t *testing.T, name string) *domain.Type {
	t.Helper()
	i := slices.IndexFunc(everyType(), func(typ *domain.Type) bool { return typ.Name == name })
	if i < 0 {
		t.Fatalf("there is no type %s", name)
	}
	return everyType()[i]
}

// compile returns the compiled schema of every type by its name. Formats are checked, not only noted.
func compile(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	for _, typ := range everyType() {
		src, ok := schemas.Lookup(typ.Name, typ.Version)
		if !ok {
			t.Fatalf("%s has no schema: run go generate ./domain/...", typ.Name)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(schemas.ID(typ.Name, typ.Version), doc); err != nil {
			t.Fatal(err)
		}
	}
	compiled := make(map[string]*jsonschema.Schema)
	for _, typ := range everyType() {
		s, err := c.Compile(schemas.ID(typ.Name, typ.Version))
		if err != nil {
			t.Fatal(err)
		}
		compiled[typ.Name] = s
	}
	return compiled
}

func TestEverySchemaAcceptsTheExampleOfItsType(t *testing.T) {
	t.Parallel()
	for name, schema := range compile(t) {
		typ := find(t, name)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(typ.Example()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLookupKnowsOnlyVersionsThatExist(t *testing.T) {
	t.Parallel()
	src, ok := schemas.Lookup("purchase.recorded", 1)
	if !ok {
		t.Fatal("purchase.recorded has no schema of version 1")
	}
	var s struct {
		ID string `json:"$id"`
	}
	if err := json.Unmarshal(src, &s); err != nil {
		t.Fatal(err)
	}
	if want := "https://rapport-crm.github.io/schemas/purchase.recorded/v1.json"; s.ID != want || s.ID != schemas.ID("purchase.recorded", 1) {
		t.Errorf("$id is %s, want %s", s.ID, want)
	}
	if _, ok := schemas.Lookup("purchase.recorded", 2); ok {
		t.Error("there is a version 2 that the catalogue does not know")
	}
	if _, ok := schemas.Lookup("../gen", 1); ok {
		t.Error("a path outside the schemas was found")
	}
}
