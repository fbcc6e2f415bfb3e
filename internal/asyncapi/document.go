// Package asyncapi describes the output topics as an AsyncAPI 3.0 document, made from the catalogue of outputs and their
// JSON Schemas, so that it cannot say anything else than what is published.
package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/schemas"
	"github.com/rapport-crm/rapport/domain/wire"
)

const (
	specification = "3.0.0"
	// bindings is the version of the Kafka bindings.
	bindings    = "0.5.0"
	contentType = "application/cloudevents+json"
	description = `What the fold of the log finds out about customers, published as CloudEvents in the structured mode.

Every output is published at least once. A repetition has the same id and content, and the same sequence: a consumer that
keeps the last sequence of each customer on a topic drops what is not greater. The outputs of a customer on a topic are in
one partition, in order.

A version of a schema never changes except by new optional members, so a consumer ignores members it does not know. What
cannot be said that way is a new version, published beside the old one.`
)

// object is a mapping of the document. YAML writes its members in the order of their names.
type object = map[string]any

// Document returns the document as YAML, for the given version of the program and the addresses (host:port) at which the
// Kafka cluster of the topics is found. Without addresses the document names no servers.
func Document(version string, brokers []string) ([]byte, error) {
	channels, operations, messages, data := object{}, object{}, object{}, object{}
	for _, typ := range domain.Outputs() {
		schema, err := dataSchema(typ.Type)
		if err != nil {
			return nil, fmt.Errorf("describe outputs: %s: %w", typ.Name, err)
		}
		data[typ.Name] = schema
		messages[typ.Name] = message(typ)
		name := typ.Topic[strings.LastIndexByte(typ.Topic, '.')+1:]
		if channels[name] == nil {
			channels[name], operations["publish_"+name] = channel(typ.Topic), operation(name)
		}
		channels[name].(object)["messages"].(object)[typ.Name] = ref("#/components/messages/" + typ.Name)
	}
	data["cloudevent"] = cloudEvent()
	state := domain.CustomerStateType()
	schema, err := dataSchema(state)
	if err != nil {
		return nil, fmt.Errorf("describe outputs: %s: %w", state.Name, err)
	}
	data[state.Name], messages[state.Name] = schema, stateMessage(state)
	channels["customers"], operations["publish_customers"] = stateChannel(state), operation("customers")
	document := object{
		"asyncapi":           specification,
		"info":               object{"title": "Rapport outputs", "version": version, "description": description},
		"defaultContentType": contentType,
		"channels":           channels,
		"operations":         operations,
		"components":         object{"messages": messages, "schemas": data},
	}
	if len(brokers) > 0 {
		document["servers"] = servers(brokers)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return nil, fmt.Errorf("describe outputs: %w", err)
	}
	return out.Bytes(), nil
}

// servers describes the brokers that a client may begin with.
func servers(brokers []string) object {
	all := object{}
	for i, addr := range brokers {
		all[fmt.Sprintf("broker%d", i+1)] = object{
			"host": addr, "protocol": "kafka", "description": "A broker of the cluster that has all channels; it names the others.",
		}
	}
	return all
}

func ref(to string) object { return object{"$ref": to} }

func channel(topic string) object {
	return object{
		"address": topic, "messages": object{},
		"bindings": object{"kafka": object{"topic": topic, "bindingVersion": bindings}},
	}
}

func operation(channel string) object {
	return object{"action": "send", "channel": ref("#/channels/" + channel)}
}

// message describes an output: the envelope that all have, its type, and its data.
func message(typ *domain.OutputType) object {
	return object{
		"name": typ.Name, "title": typ.Name, "summary": typ.Description, "contentType": contentType,
		"headers": headers(wire.ContentType),
		"payload": object{"allOf": []any{
			ref("#/components/schemas/cloudevent"),
			object{"type": "object", "properties": object{
				"type": object{"type": "string", "enum": []string{typ.Name}},
				"data": ref("#/components/schemas/" + typ.Name),
			}},
		}},
		"bindings": object{"kafka": object{
			"key": object{"type": "string", "description": "The customer, as in subject."}, "bindingVersion": bindings,
		}},
	}
}

// headers describes the headers of a record, of which there is one.
func headers(contentType string) object {
	return object{
		"type": "object", "required": []string{"content-type"},
		"properties": object{"content-type": object{"type": "string", "enum": []string{contentType}}},
	}
}

// stateChannel describes the topic of what each customer is now.
func stateChannel(typ *domain.Type) object {
	c := channel(domain.CustomersTopic)
	c["description"] = `What each customer is now, for those who keep a table of them. It is there when the engine is told to keep it.
The broker keeps the last record of each customer at least. A record replaces the one before unless its sequence is lower.`
	c["bindings"].(object)["kafka"].(object)["topicConfiguration"] = object{"cleanup.policy": []string{"compact"}}
	c["messages"].(object)[typ.Name] = ref("#/components/messages/" + typ.Name)
	return c
}

// stateMessage describes the state of a customer, which has no envelope.
func stateMessage(typ *domain.Type) object {
	return object{
		"name": typ.Name, "title": typ.Name, "summary": typ.Description, "contentType": "application/json",
		"headers": headers("application/json"),
		"payload": ref("#/components/schemas/" + typ.Name),
		"bindings": object{"kafka": object{
			"key": object{"type": "string", "description": "The customer, as in id."}, "bindingVersion": bindings,
		}},
	}
}

// dataSchema returns the published schema of the data of a type. It uses no keyword that AsyncAPI's own form of schemas
// does not have, so that it stands there without the marks of a document of its own.
func dataSchema(typ *domain.Type) (object, error) {
	text, ok := schemas.Lookup(typ.Name, typ.Version)
	if !ok {
		return nil, fmt.Errorf("version %d has no schema", typ.Version)
	}
	var schema object
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&schema); err != nil {
		return nil, err
	}
	schema["externalDocs"] = object{"url": schemas.ID(typ.Name, typ.Version), "description": "The same as a JSON Schema."}
	delete(schema, "$schema")
	delete(schema, "$id")
	return plain(schema).(object), nil
}

// plain turns the numbers of a JSON document into integers or floats, which YAML writes without quotes.
func plain(v any) any {
	switch v := v.(type) {
	case object:
		for name, member := range v {
			v[name] = plain(member)
		}
	case []any:
		for i, item := range v {
			v[i] = plain(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // the schema was read as JSON, so it is a number
		return f
	}
	return v
}

// cloudEvent describes the attributes that every output has.
func cloudEvent() object {
	text := func(description string) object { return object{"type": "string", "description": description} }
	sequence := text("The place among the outputs of this customer on this topic: a later one is greater as text. The first six of its 18 digits are the era of the views.")
	sequence["pattern"] = "^[0-9]+$"
	position := text("The record of the event log that the output reflects, as partition:offset.")
	position["pattern"] = "^[0-9]+:[0-9]+$"
	at := text("When it took effect.")
	at["format"] = "date-time"
	return object{
		"type": "object", "required": []string{"specversion", "id", "source", "type", "subject", "time", "policyversion", "position", "sequence", "data"},
		"properties": object{
			"specversion": object{"type": "string", "enum": []string{"1.0"}},
			"id":          text("Identifies the output; a repetition has the same."), "source": text("rapport."),
			"type": text("The type of the output."), "subject": text("The customer."), "time": at,
			"causationid":   text("The id of the event that brought it about; absent when the clock or a policy did."),
			"orgunit":       text("The path of the organisation unit that has the customer; absent when none is known."),
			"origin":        text("What the views began with: a fingerprint of their first policy, and the form of their states."),
			"policyversion": text("The version of the policy that produced it."),
			"position":      position, "sequence": sequence,
			"data": object{"type": "object"},
		},
	}
}
