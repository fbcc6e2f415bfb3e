package asyncapi_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/schemas"
	"github.com/rapport-crm/rapport/internal/asyncapi"
)

var update = flag.Bool("update", false, "write the golden file anew")

// document returns the document as it is and as a JSON value.
func document(t *testing.T) ([]byte, any) {
	t.Helper()
	text, err := asyncapi.Document("dev", []string{"kafka-1.example.com:9092", "kafka-2.example.com:9092"})
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return text, jsonNumbers(doc)
}

// jsonNumbers turns the integers of YAML into the numbers that the validator knows.
func jsonNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = jsonNumbers(v[name])
		}
	case []any:
		for i := range v {
			v[i] = jsonNumbers(v[i])
		}
	case int:
		return float64(v)
	}
	return v
}

func TestTheDocumentIsTheOneThatWasReviewed(t *testing.T) {
	t.Parallel()
	got, _ := document(t)
	golden := filepath.Join("testdata", "asyncapi.yaml")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the AsyncAPI document is not %s: look at the difference after go test -run %s -update", golden, t.Name())
	}
}

// specification returns the JSON Schema of AsyncAPI 3.0.0 documents, which the AsyncAPI Initiative publishes in the npm
// package @asyncapi/specs 6.11.1 under the Apache licence 2.0 beside it.
func specification(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "asyncapi-3.0.0.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, "http://asyncapi.com/definitions/3.0.0/asyncapi.json", schema)
}

func compile(t *testing.T, id string, schema any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.AssertFormat()
	resource, _, _ := strings.Cut(id, "#")
	if err := c.AddResource(resource, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestTheDocumentFollowsTheSpecification(t *testing.T) {
	t.Parallel()
	schema := specification(t)
	_, doc := document(t)
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
	doc.(map[string]any)["operations"].(map[string]any)["publish_lifecycle"].(map[string]any)["action"] = "shout"
	if schema.Validate(doc) == nil {
		t.Error("an action that does not exist is accepted")
	}
}

func TestEveryReferenceLeadsToAPartOfTheDocument(t *testing.T) {
	t.Parallel()
	_, doc := document(t)
	found := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			if to, ok := v["$ref"].(string); ok {
				found++
				if lookup(doc, to) == nil {
					t.Errorf("%s leads nowhere", to)
				}
			}
			for _, member := range v {
				walk(member)
			}
		}
	}
	walk(doc)
	if found == 0 {
		t.Error("there are no references")
	}
}

// lookup returns what a reference within the document names, nil for nothing.
func lookup(doc any, to string) any {
	for name := range strings.SplitSeq(strings.TrimPrefix(to, "#/"), "/") {
		members, _ := doc.(map[string]any)
		doc = members[name]
	}
	return doc
}

// The golden records of outputs are in packages of the domain; they stand for what is in topics, so none ever changes.
func TestEveryOutputEverPublishedFollowsItsSchemas(t *testing.T) {
	t.Parallel()
	_, doc := document(t)
	for _, typ := range domain.Outputs() {
		records, err := filepath.Glob(filepath.Join("..", "..", "domain", "wire", "testdata", "golden", typ.Name, "v?.json"))
		if err != nil || len(records) < typ.Version {
			t.Fatalf("%s has %d golden records of %d versions: %v", typ.Name, len(records), typ.Version, err)
		}
		payload := compile(t, "https://example.org/asyncapi.json#/components/messages/"+typ.Name+"/payload", doc)
		for version := 1; version <= typ.Version; version++ {
			schema, ok := schemas.Lookup(typ.Name, version)
			if !ok {
				t.Errorf("version %d of %s has no schema", version, typ.Name)
				continue
			}
			src, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
			if err != nil {
				t.Fatal(err)
			}
			value := golden(t, typ.Name, version)
			if err := compile(t, schemas.ID(typ.Name, version), src).Validate(value["data"]); err != nil {
				t.Errorf("version %d: %v", version, err)
			}
			if version == typ.Version {
				if err := payload.Validate(value); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func golden(t *testing.T, name string, version int) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "domain", "wire", "testdata", "golden", name, fmt.Sprintf("v%d.json", version)))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value.(map[string]any)
}

// The golden states stand for what is on the topic of customers, so none ever changes.
func TestEveryStateEverPublishedFollowsItsSchema(t *testing.T) {
	t.Parallel()
	_, doc := document(t)
	typ := domain.CustomerStateType()
	for version := 1; version <= typ.Version; version++ {
		text, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("%s.v%d.json", typ.Name, version)))
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		schema, ok := schemas.Lookup(typ.Name, version)
		if !ok {
			t.Fatalf("version %d of %s has no schema", version, typ.Name)
		}
		src, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
		if err != nil {
			t.Fatal(err)
		}
		if err := compile(t, schemas.ID(typ.Name, version), src).Validate(value); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
		if version == typ.Version {
			payload := compile(t, "https://example.org/asyncapi.json#/components/messages/"+typ.Name+"/payload", doc)
			if err := payload.Validate(value); err != nil {
				t.Error(err)
			}
		}
	}
}
