package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/internal/broker"
)

// allSettings are the names that may come from the environment and from rapport.json.
var allSettings = []string{
	"addr", "broker-addr", "broker-no-sync", "customers-topic", "data", "database-url", "group", "kafka", "log-level", "max-lag", "node", "outputs",
	"policy", "public-url", "session", "smtp-url", "tick", "topic", "url", "webhook-ca", "webhook-http", "webhook-networks",
}

// inDirectory makes a new directory with the given rapport.json the working directory. Such a test is not parallel.
func inDirectory(t *testing.T, document string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(settingsFile, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
}

// parsed returns what the arguments, the environment and rapport.json in the working directory come to.
func parsed(t *testing.T, args ...string) *commands {
	t.Helper()
	given, err := readSettings(settingsFile)
	if err != nil {
		t.Fatal(err)
	}
	var c commands
	parser, err := newParser(&c, given, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestOnlySettingsComeFromTheSurroundings(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&commands{}, settings{}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name := range settingsOf(parser.Model.Node) {
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, allSettings) {
		t.Errorf("the settings are %v, want %v", got, allSettings)
	}
}

func TestFlagsWinOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	file, environment, flag := answer(t, "file"), answer(t, "environment"), answer(t, "flag")
	inDirectory(t, `{"url": "`+file.url+`"}`)
	if got := execute(t, "summary", "--json"); got.stdout != "\"file\"\n" {
		t.Errorf("with a file the run shows %+v", got)
	}
	t.Setenv("RAPPORT_URL", environment.url)
	if got := execute(t, "summary", "--json"); got.stdout != "\"environment\"\n" {
		t.Errorf("with a file and the environment the run shows %+v", got)
	}
	if got := execute(t, "summary", "--json", "--url", flag.url); got.stdout != "\"flag\"\n" {
		t.Errorf("with all three the run shows %+v", got)
	}
}

func TestEverySettingMayComeFromTheFile(t *testing.T) {
	inDirectory(t, `{
		"kafka": ["a:9092", "b:9092"], "data": "log", "topic": "t", "database_url": "postgres://db/r", "addr": "127.0.0.1:1",
		"policy": "rapport.json", "url": "http://u", "broker_addr": "127.0.0.1:2", "broker-no-sync": true, "log-level": "warn"
	}`)
	c := parsed(t, "serve")
	if got := strings.Join(c.Serve.Kafka, " "); got != "a:9092 b:9092" || filepath.Base(c.Serve.Data) != "log" || c.Serve.Topic != "t" {
		t.Errorf("the log is %+v", c.Serve.logFlags)
	}
	if c.Serve.DatabaseURL != "postgres://db/r" || c.Serve.Addr != "127.0.0.1:1" || filepath.Base(c.Serve.Policy) != settingsFile {
		t.Errorf("serve is %+v", c.Serve)
	}
	if c.Serve.BrokerAddr != "127.0.0.1:2" || !c.Serve.BrokerNoSync || c.LogLevel.String() != "WARN" {
		t.Errorf("serve is %+v, the level %s", c.Serve, c.LogLevel)
	}
	if got := parsed(t, "summary").Summary.URL; got != "http://u" {
		t.Errorf("the server is %s", got)
	}
}

func TestADashAndAnUnderscoreAreTheSameInTheFile(t *testing.T) {
	for _, key := range []string{"database-url", "database_url"} {
		inDirectory(t, `{"`+key+`": "postgres://db/r"}`)
		if got := parsed(t, "serve").Serve.DatabaseURL; got != "postgres://db/r" {
			t.Errorf("%s gives %q", key, got)
		}
	}
}

func TestTheDataDirectoryIsNotTheDataOfAnEvent(t *testing.T) {
	d := newDoor(t, 202, "application/json", "0:1", `{"id":"x","status":"accepted","position":"0:1"}`)
	event := []string{"append", "--url", d.url, "--type", "purchase.recorded", "--subject", "c1"}
	inDirectory(t, `{"data": "{\"from\":\"file\"}"}`)
	for _, directory := range []string{"", `{"from":"environment"}`} {
		if directory != "" {
			t.Setenv("RAPPORT_DATA", directory)
		}
		if got := execute(t, event...); got.code != exitDone || strings.Contains(d.body, "from") {
			t.Errorf("exit code %d: %s; the event is %s", got.code, got.stderr, d.body)
		}
	}
	if c := parsed(t, "serve"); filepath.Base(c.Serve.Data) != `{"from":"environment"}` {
		t.Errorf("the data directory is %s", c.Serve.Data)
	}
}

func TestTheEnvironmentDoesNotSayWhatACallIsAbout(t *testing.T) {
	server := answer(t, map[string]any{})
	for _, name := range []string{"TYPE", "SUBJECT", "ID", "LIMIT", "CURSOR", "STAGE", "AFTER", "EXPECTED_VERSION", "JSON"} {
		t.Setenv("RAPPORT_"+name, "7")
	}
	if got := execute(t, "append", "--url", server.url); got.code != exitUsage || !strings.Contains(got.stderr, "--type and --subject") {
		t.Errorf("append shows %+v", got)
	}
	if got := execute(t, "customers", "--url", server.url); got.code != exitDone || server.request.Load().URL.RawQuery != "" {
		t.Errorf("customers asks with %s and shows %+v", server.request.Load().URL.RawQuery, got)
	}
}

func TestAFileThatIsNoListOfSettingsIsRefused(t *testing.T) {
	for document, want := range map[string]string{
		`{"type": "purchase.recorded"}`:            `"type" is not a setting`,
		`{"limit": 5}`:                             `"limit" is not a setting`,
		`{"databse-url": "postgres://db"}`:         `"databse-url" is not a setting`,
		`{"database-url": "a", "database_url": 1}`: `"database-url" twice`,
		`{"url": ["a"]}`:                           "--url",
		`["url"]`:                                  settingsFile,
		`{"url":`:                                  settingsFile,
	} {
		inDirectory(t, document)
		got := execute(t, "summary", "--url", "http://127.0.0.1:1")
		if strings.Contains(want, "--url") {
			got = execute(t, "summary")
		}
		if got.code != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: the run shows %+v, want code %d and %s", document, got, exitUsage, want)
		}
	}
}

// operations returns the page for operators.
func operations(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThePageForOperatorsNamesEverySetting(t *testing.T) {
	t.Parallel()
	page := operations(t)
	for _, name := range allSettings {
		variable := "RAPPORT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		found := false
		for line := range strings.Lines(page) {
			found = found || (strings.Contains(line, "`--"+name) && strings.Contains(line, "`"+variable+"`") && strings.Contains(line, "`\""+name+"\"`"))
		}
		if !found {
			t.Errorf("no line has the flag --%s, %s and the key %q", name, variable, name)
		}
	}
}

func TestThePageForOperatorsQuotesTheMessageOfALockedDirectory(t *testing.T) {
	t.Parallel()
	message := (&broker.LockedError{Dir: "DIR", PID: 1}).Error()
	if quoted := strings.Replace(message, "process 1", "process N", 1); !strings.Contains(operations(t), "| "+quoted+" |") {
		t.Errorf("the page does not have %q", quoted)
	}
}
