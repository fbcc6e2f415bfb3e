package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// fenced finds the fenced blocks of a document with their language.
var fenced = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func readme(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			blocks = append(blocks, m[2])
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("the README has no %s block", language)
	}
	return blocks
}

func TestTheReadmeShowsWhatTheProgramPrints(t *testing.T) {
	t.Parallel()
	for _, block := range readme(t, "console") {
		typed, printed, _ := strings.Cut(block, "\n")
		args, ok := strings.CutPrefix(typed, "$ go run ./cmd/rapport ")
		if !ok {
			t.Errorf("%q is not a run of the program", typed)
			continue
		}
		if got := command(t, t.TempDir(), 0, strings.Fields(args)...); got != printed {
			t.Errorf("%s prints\n%s\nthe README shows\n%s", typed, got, printed)
		}
	}
}

func TestTheCommandsOfTheReadmeWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const mapping = `events:
  - type: {constant: purchase.recorded}
    subject: {column: customer}
    time: {column: day}
    data:
      - {to: amount, column: paid, as: money, currency: CNY}
`
	for name, text := range map[string]string{
		"purchases.csv": "customer,day,paid\nc-1042,2026-01-10,1299.00\nc-1042,2026-03-02,80.50\nc-7,2026-03-03,15.00\n",
		"map.yaml":      mapping,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, dir)
	// The views must know the customers before the commands ask for them; the import of the README repeats this one.
	first := command(t, dir, 0, "import", "purchases.csv", "--format", "csv", "--map", "map.yaml", "--json")
	var done imported
	if err := json.Unmarshal([]byte(first), &done); err != nil {
		t.Fatal(err)
	}
	s.summary(t, done.Positions.String())
	ran := 0
	for _, block := range readme(t, "sh") {
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, "#")
			args, ok := strings.CutPrefix(strings.TrimSpace(line), "./rapport ")
			if !ok || strings.HasPrefix(args, "serve") {
				continue
			}
			words := strings.Fields(args)
			if asksServer[words[0]] {
				words = append(words, "--url", s.url) // the last one counts
			}
			if out := command(t, dir, 0, words...); !strings.Contains(out, "1042") && words[0] == "customer" {
				t.Errorf("%s prints\n%s", line, out)
			}
			ran++
		}
	}
	if ran < 6 {
		t.Errorf("only %d commands of the README were found", ran)
	}
}

func TestTheReadmeServesAClusterBesideAnotherEngine(t *testing.T) {
	t.Parallel()
	database, kafka := pgtest.Database(t), kafkatest.Broker(t)
	var lines []string
	for _, block := range readme(t, "sh") {
		for line := range strings.Lines(block) {
			if strings.HasPrefix(line, "./rapport serve --kafka ") {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) != 1 {
		t.Fatalf("lines of the README that serve a cluster: %q", lines)
	}
	var c commands
	parser, err := newParser(&c, settings{}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(lines[0])[1:]
	if _, err := parser.Parse(words); err != nil {
		t.Fatal(err)
	}
	if addr := c.Serve.Addr; addr == "127.0.0.1:8080" || strings.Contains(strings.Join(c.Serve.Kafka, ","), "localhost") {
		t.Errorf("%s is in the way of the engine of docker compose", lines[0])
	}
	// The same flags with the servers of the test in place of those of the reader; serve adds the address.
	replace := map[string]string{strings.Join(c.Serve.Kafka, ","): kafka, c.Serve.DatabaseURL: database}
	flags := []string{"--topic", "rapport." + uuid.NewString()}
	for _, word := range words[1:] {
		if word == "--addr" {
			break
		}
		if own, ok := replace[word]; ok {
			word = own
		}
		flags = append(flags, word)
	}
	s := serve(t, t.TempDir(), flags...)
	if sum := s.summary(t, ""); sum.Events != 0 {
		t.Errorf("an empty topic has %d events", sum.Events)
	}
}

// asksServer are the verbs that read a running server.
var asksServer = map[string]bool{"summary": true, "customer": true, "brief": true, "timeline": true, "lifecycle": true}
