package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

func TestMalformedEventsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	const rest = `"specversion":"1.0","id":"secret","source":"s","type":"t.u","subject":"c","time":"2026-01-01T00:00:00Z"`
	without := func(member string) string {
		got := strings.Replace("{"+rest+"}", member, "", 1)
		return strings.NewReplacer("{,", "{", ",,", ",", ",}", "}").Replace(got)
	}
	for _, c := range []struct{ value, pointer, rule string }{
		{``, "", wire.RuleSyntax},
		{`{`, "", wire.RuleSyntax},
		{`{` + rest + `} x`, "", wire.RuleSyntax},
		{`{` + rest + `,"data":}`, "", wire.RuleSyntax},
		{`{` + rest + `,"actor":secret}`, "", wire.RuleSyntax},
		{`["secret"]`, "", wire.RuleType},
		{`null`, "", wire.RuleType},
		{`{}`, "/specversion", wire.RuleRequired},
		{without(`"specversion":"1.0"`), "/specversion", wire.RuleRequired},
		{without(`"id":"secret"`), "/id", wire.RuleRequired},
		{without(`"source":"s"`), "/source", wire.RuleRequired},
		{without(`"type":"t.u"`), "/type", wire.RuleRequired},
		{without(`"subject":"c"`), "/subject", wire.RuleRequired},
		{without(`"time":"2026-01-01T00:00:00Z"`), "/time", wire.RuleRequired},
		{`{` + rest + `,"id":""}`, "/id", wire.RuleRequired},
		{`{` + rest + `,"id":12}`, "/id", wire.RuleType},
		{`{` + rest + `,"specversion":1.0}`, "/specversion", wire.RuleType},
		{`{` + rest + `,"subject":{"secret":1}}`, "/subject", wire.RuleType},
		{`{` + rest + `,"specversion":"0.3"}`, "/specversion", wire.RuleUnsupported},
		{`{` + rest + `,"time":"secret"}`, "/time", wire.RuleFormat},
		{`{` + rest + `,"time":"0001-01-01T00:00:00Z"}`, "/time", wire.RuleFormat},
		{`{` + rest + `,"time":"2026-01-01T00:00:00+08:60"}`, "/time", wire.RuleFormat},
		{`{` + rest + `,"actor":["secret"]}`, "/actor", wire.RuleType},
		{`{` + rest + `,"actor":1.5}`, "/actor", wire.RuleType},
		{`{` + rest + `,"other":1e3}`, "/other", wire.RuleType},
		{`{` + rest + `,"other":{}}`, "/other", wire.RuleType},
		{`{` + rest + `,"Secret":"x"}`, "", wire.RuleFormat},
		{`{` + rest + `,"se cret":1}`, "", wire.RuleFormat},
		{`{` + rest + `,"":"x"}`, "", wire.RuleFormat},
		{`{` + rest + `,"expectedversion":"secret"}`, "/expectedversion", wire.RuleFormat},
		{`{` + rest + `,"expectedversion":-1}`, "/expectedversion", wire.RuleFormat},
		{`{` + rest + `,"data_base64":"c2VjcmV0"}`, "/data_base64", wire.RuleUnsupported},
		{`{` + rest + `,"data_base64":1}`, "/data_base64", wire.RuleUnsupported},
		{`{` + rest + `,"datacontenttype":"text/secret"}`, "/datacontenttype", wire.RuleUnsupported},
		{`{` + rest + `,"actor":"secret` + "\xff" + `"}`, "", wire.RuleUTF8},
		{`{` + rest + `,"data":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`, "", wire.RuleDepth},
	} {
		var ev domain.Event
		check(t, c.value, wire.DecodeJSON(&ev, []byte(c.value)), c.pointer, c.rule)
	}
}

func TestMalformedBinaryRecordsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, value, pointer, rule string }{
		{"ce_id", "", "{}", "/id", wire.RuleRequired},
		{"ce_id", "secret\xff", "{}", "/id", wire.RuleUTF8},
		{"ce_Secret", "secret\xff", "{}", "", wire.RuleFormat},
		{"ce_Secret", "x", "{}", "", wire.RuleFormat},
		{"ce_data", "secret", "{}", "", wire.RuleFormat},
		{"ce_data_base64", "c2VjcmV0", "{}", "/data_base64", wire.RuleUnsupported},
		{"ce_specversion", "2.0", "{}", "/specversion", wire.RuleUnsupported},
		{"ce_expectedversion", "1.0", "{}", "/expectedversion", wire.RuleFormat},
		{"content-type", "text/plain", "secret", "/datacontenttype", wire.RuleUnsupported},
		{"content-type", "application/json", "secret", "/data", wire.RuleSyntax},
		{"content-type", "application/vnd.a+json", strings.Repeat("[", 17) + strings.Repeat("]", 17), "/data", wire.RuleDepth},
		{"ce_actor", "x", "\"secret\xff\"", "/data", wire.RuleUTF8},
	} {
		ev := full()
		list := append(binary(&ev), wire.Header{Key: c.name, Value: []byte(c.content)})
		check(t, c.name+"="+c.content, wire.Decode(&ev, nil, []byte(c.value), list), c.pointer, c.rule)
	}
}

func check(t *testing.T, input string, err error, pointer, rule string) {
	t.Helper()
	var m *wire.Malformed
	if !errors.As(err, &m) || m.Pointer != pointer || m.Rule != rule || m.Message == "" {
		t.Errorf("%s: got %#v, want %s at %q", input, err, rule, pointer)
		return
	}
	if strings.Contains(strings.ToLower(err.Error()), "secret") {
		t.Errorf("%s: the error shows the input: %v", input, err)
	}
}
