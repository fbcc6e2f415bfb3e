package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// This file and asyncapi_consumer_test.go are a consumer of outputs that was written from the AsyncAPI document of a server
// and the JSON Schemas that it leads to. It knows AsyncAPI, JSON Schema, CloudEvents and Kafka, which it reads with kcat, and
// nothing of this program.

// object is a mapping of a JSON document.
type object = map[string]any

// contract is what a server says about its topics.
type contract struct {
	broker   string
	channels []channel
}

// channel is a topic with the messages that may be on it.
type channel struct {
	topic    string
	messages []*messageContract
}

// messageContract is what a message must be like.
type messageContract struct {
	name                  string
	headers, key, payload *jsonschema.Schema
	// data is the schema of the member data that is published by itself.
	data *jsonschema.Schema
	// members are the members of the payload that are described.
	members []string
}

// documentURL stands for the document in references to its parts.
const documentURL = "https://example.org/asyncapi.yaml"

// contractReader reads the contract of a server.
type contractReader struct {
	server   string
	document object
	compiler *jsonschema.Compiler
}

// readContract returns the contract of a server.
func readContract(ctx context.Context, server string) (*contract, error) {
	text, err := fetch(ctx, server+"/asyncapi.yaml")
	if err != nil {
		return nil, err
	}
	document, err := jsonOfYAML(text)
	if err != nil {
		return nil, err
	}
	r := &contractReader{server: server, document: document, compiler: jsonschema.NewCompiler()}
	r.compiler.DefaultDraft(jsonschema.Draft7) // AsyncAPI's own form of schemas extends it
	r.compiler.AssertFormat()
	if err := r.compiler.AddResource(documentURL, document); err != nil {
		return nil, err
	}
	c := new(contract)
	for _, s := range r.at("#/servers") {
		if s.(object)["protocol"] == "kafka" {
			c.broker = s.(object)["host"].(string)
		}
	}
	for name := range r.at("#/channels") {
		ch := channel{topic: r.at("#/channels/" + name)["address"].(string)}
		for _, m := range r.at("#/channels/" + name + "/messages") {
			message, err := r.message(ctx, m.(object)["$ref"].(string))
			if err != nil {
				return nil, fmt.Errorf("channel %s: %w", name, err)
			}
			ch.messages = append(ch.messages, message)
		}
		c.channels = append(c.channels, ch)
	}
	return c, nil
}

// fetch returns what is at an address.
func fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", address, response.Status)
	}
	return io.ReadAll(response.Body)
}

// jsonOfYAML returns a YAML document with the types that the validator knows.
func jsonOfYAML(text []byte) (object, error) {
	var document object
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return nil, err
	}
	return value.(object), nil
}

// at returns a part of the document, following the references on the way.
func (r *contractReader) at(reference string) object {
	part := r.document
	for name := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		part = r.resolved(part[name])
	}
	return part
}

func (r *contractReader) resolved(part any) object {
	o, _ := part.(object)
	if reference, ok := o["$ref"].(string); ok {
		return r.at(reference)
	}
	return o
}

// message reads the message to which a reference leads.
func (r *contractReader) message(ctx context.Context, reference string) (*messageContract, error) {
	m := &messageContract{name: r.at(reference)["name"].(string)}
	for part, schema := range map[string]**jsonschema.Schema{"/headers": &m.headers, "/bindings/kafka/key": &m.key, "/payload": &m.payload} {
		compiled, err := r.compiler.Compile(documentURL + reference + part)
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", m.name, err)
		}
		*schema = compiled
	}
	var err error
	for _, part := range r.partsOf(r.at(reference + "/payload")) {
		properties, _ := part["properties"].(object)
		for name, property := range properties {
			m.members = append(m.members, name)
			if address, ok := r.resolved(property)["externalDocs"].(object); ok {
				if m.data, err = r.published(ctx, address["url"].(string)); err != nil {
					return nil, fmt.Errorf("message %s: %w", m.name, err)
				}
			}
		}
	}
	return m, nil
}

// partsOf returns the schemas of which a schema is made.
func (r *contractReader) partsOf(schema object) []object {
	all, ok := schema["allOf"].([]any)
	if !ok {
		return []object{schema}
	}
	parts := make([]object, len(all))
	for i := range all {
		parts[i] = r.resolved(all[i])
	}
	return parts
}

// published returns a JSON Schema that is published under an address. The server has it under the same path.
func (r *contractReader) published(ctx context.Context, address string) (*jsonschema.Schema, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	text, err := fetch(ctx, r.server+u.Path)
	if err != nil {
		return nil, err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(address, schema); err != nil {
		return nil, err
	}
	return compiler.Compile(address)
}
