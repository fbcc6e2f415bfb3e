package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/binding/format"
	"github.com/cloudevents/sdk-go/v2/binding/spec"
	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// record is a Kafka record as the CloudEvents SDK reads one.
type record struct {
	headers map[string]string
	value   []byte
}

var (
	_ binding.Message               = record{}
	_ binding.MessageMetadataReader = record{}
)

// versions are the specification's attributes under the names of the Kafka headers.
var versions = spec.WithPrefix("ce_")

func newRecord(value []byte, headers []wire.Header) record {
	r := record{headers: map[string]string{}, value: value}
	for _, h := range headers {
		r.headers[h.Key] = string(h.Value)
	}
	return r
}

func (r record) ReadEncoding() binding.Encoding {
	if format.Lookup(r.headers["content-type"]) != nil {
		return binding.EncodingStructured
	}
	return binding.EncodingBinary
}

func (r record) ReadStructured(ctx context.Context, w binding.StructuredWriter) error {
	f := format.Lookup(r.headers["content-type"])
	if f == nil {
		return binding.ErrNotStructured
	}
	return w.SetStructuredEvent(ctx, f, bytes.NewReader(r.value))
}

func (r record) ReadBinary(_ context.Context, w binding.BinaryWriter) error {
	version := versions.Version(r.headers["ce_specversion"])
	if version == nil {
		return binding.ErrNotBinary
	}
	for key, value := range r.headers {
		var err error
		switch attribute := version.Attribute(key); {
		case attribute != nil:
			err = w.SetAttribute(attribute, value)
		case key == "content-type":
			err = w.SetAttribute(version.AttributeFromKind(spec.DataContentType), value)
		case strings.HasPrefix(key, "ce_"):
			err = w.SetExtension(strings.TrimPrefix(key, "ce_"), value)
		}
		if err != nil {
			return err
		}
	}
	if len(r.value) == 0 {
		return nil
	}
	return w.SetData(bytes.NewReader(r.value))
}

func (r record) GetAttribute(kind spec.Kind) (spec.Attribute, any) {
	attribute := versions.Version(r.headers["ce_specversion"]).AttributeFromKind(kind)
	return attribute, r.headers[attribute.PrefixedName()]
}

func (r record) GetExtension(name string) any { return r.headers["ce_"+name] }

func (r record) Finish(error) error { return nil }

// drawPlain draws an event whose source and data schema are URIs, as the SDK checks and Rapport does not.
func drawPlain(t *rapid.T) domain.Event {
	ev := drawEvent(t)
	ev.Source = "/" + rapid.StringMatching(`[a-z0-9-]{1,10}(/[a-z0-9-]{1,10}){0,2}`).Draw(t, "path")
	ev.DataSchema = rapid.SampledFrom([]string{"", "https://example.org/schemas/v1.json"}).Draw(t, "schema")
	ev.Time = domain.Unix(rapid.Int64Range(0, 7e15).Draw(t, "late time"))
	for _, text := range []*string{&ev.ID, &ev.Type, &ev.Subject} { // the SDK trims them
		*text = "." + *text + "."
	}
	return ev
}

func TestTheSDKReadsTheSameEvent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ev := drawPlain(t)
		for mode, r := range map[string]record{
			"structured": newRecord(wire.Encode(nil, &ev), wire.Headers()),
			"binary":     newRecord(ev.Data, binary(&ev)),
		} {
			theirs, err := binding.ToEvent(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			if err := theirs.Validate(); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			if got, want := sdkView(t, theirs), ownView(&ev); got != want {
				t.Fatalf("%s: the SDK reads\n%s\nwe have\n%s", mode, got, want)
			}
		}
	})
}

func TestWhatTheSDKWritesIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawPlain(t)
		theirs, err := binding.ToEvent(t.Context(), newRecord(want.Data, binary(&want)))
		if err != nil {
			t.Fatal(err)
		}
		value, err := format.JSON.Marshal(theirs)
		if err != nil {
			t.Fatal(err)
		}
		var got domain.Event
		if err := wire.Decode(&got, []byte(want.Subject), value, wire.Headers()); err != nil {
			t.Fatalf("%v: %s", err, value)
		}
		if ownView(&got) != ownView(&want) {
			t.Fatalf("got\n%s\nwant\n%s", ownView(&got), ownView(&want))
		}
	})
}

// sdkView and ownView show an event as text, the same for the same event. Attributes that the SDK has and Rapport does
// not keep (the version and the content type) are left out.
func sdkView(t *rapid.T, e *event.Event) string {
	extensions := map[string]string{}
	for name, value := range e.Extensions() {
		text, ok := value.(string)
		if !ok {
			t.Fatalf("extension %s is a %T", name, value)
		}
		extensions[name] = text
	}
	return view(e.ID(), e.Source(), e.Type(), e.Subject(), domain.InstantOf(e.Time()), e.DataSchema(), extensions, e.Data())
}

func ownView(ev *domain.Event) string {
	extensions := map[string]string{}
	for name, value := range map[string]string{
		"actor": ev.Actor, "orgunit": ev.OrgUnit, "channel": ev.Channel, "causationid": ev.CausationID, "traceparent": ev.TraceParent,
	} {
		if value != "" {
			extensions[name] = value
		}
	}
	if ev.ExpectedVersion != domain.NoExpectation {
		extensions["expectedversion"] = fmt.Sprint(ev.ExpectedVersion)
	}
	for _, x := range ev.Extensions {
		extensions[x.Name] = x.Value
	}
	return view(ev.ID, ev.Source, ev.Type, ev.Subject, ev.Time, ev.DataSchema, extensions, ev.Data)
}

func view(id, source, kind, subject string, at domain.Instant, schema string, extensions map[string]string, data []byte) string {
	var content any // the SDK rewrites the escapes in the data, so it is compared by value
	if len(data) > 0 {
		if err := json.Unmarshal(data, &content); err != nil {
			content = err.Error()
		}
	}
	text, _ := json.MarshalIndent([]any{id, source, kind, subject, at, schema, extensions, content}, "", " ")
	return string(text)
}
