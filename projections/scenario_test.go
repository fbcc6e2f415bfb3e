package projections_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

var rewrite = flag.Bool("rewrite", false, "write what the scenarios show into their files")

// TestScenariosTellTheStoriesOfTheirFiles runs every file of testdata/scenarios: commands above the line ----, what
// they show below it. A line is one of
//
//	policy NAME: VALUE            a line of the policy document; "|" breaks it into lines
//	publish                       from here on the lines of the policy so far hold
//	stream ID                     the events are of this stream; c-1 otherwise
//	unit PATH                     the events that follow name this organisation unit
//	TIME TYPE ID [DATA]           an event of the stream; @warning in the data is the id of the latest warning
//	silence TIME                  time passes
//	show                          the stage, the moves so far and what silence will bring
//	view SECTION                  a section of the customer's view, as JSON
//	outputs                       the derived events since the last time they were shown
//	cases KIND                    the cases of a kind
//	complaints                    the complaints in words
//	cells [KIND]                  the cells, those of a kind or all, that are not zero, in order
func TestScenariosTellTheStoriesOfTheirFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story, want, _ := bytes.Cut(text, []byte("----\n"))
			got := tell(t, string(story))
			if *rewrite {
				if err := os.WriteFile(file, append(append(story, "----\n"...), got...), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("the scenario shows\n%s\nits file says\n%s", got, want)
			}
		})
	}
}

// teller folds the lines of one scenario.
type teller struct {
	t        *testing.T
	policy   strings.Builder
	fold     *projections.Fold
	customer *projections.Customer
	decoder  *domain.Decoder
	moves    []projections.Move
	outputs  []projections.Output
	rollups  projections.Rollups
	unit     string
	out      strings.Builder
	// now is the end of the silence told last.
	now domain.Instant
}

func tell(t *testing.T, story string) string {
	t.Helper()
	s := &teller{t: t, customer: projections.NewCustomer("c-1"), decoder: domain.NewDecoder()}
	lines := bufio.NewScanner(strings.NewReader(story))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			s.line(line)
		}
	}
	return s.out.String()
}

func (s *teller) line(line string) {
	s.t.Helper()
	if rest, ok := strings.CutPrefix(line, "policy "); ok {
		s.policy.WriteString(strings.ReplaceAll(rest, "|", "\n") + "\n")
		return
	}
	var out projections.Effects
	out.Publish()
	words := strings.SplitN(line, " ", 4)
	if s.fold == nil || words[0] == "publish" {
		p, err := domain.ParsePolicy([]byte(s.policy.String()))
		if err != nil {
			s.t.Fatal(err)
		}
		s.fold = projections.NewFold(p)
	}
	switch words[0] {
	case "publish":
		s.fold.Reconsider(s.customer, s.at(), &out)
	case "stream":
		s.customer = projections.NewCustomer(words[1])
	case "unit":
		s.unit = words[1]
	case "show":
		s.show()
	case "view":
		s.view(words[1])
	case "outputs":
		s.showOutputs()
	case "cases":
		s.showCases(projections.CaseKind(words[1]))
	case "complaints":
		s.showComplaints()
	case "cells":
		s.showCells(strings.Join(words[1:], ""))
	case "silence":
		s.now = s.instant(words[1])
		s.fold.Advance(s.customer, s.now, &out)
	default:
		s.event(words, &out)
	}
	s.moves = append(s.moves, out.Moves...)
	s.outputs = append(s.outputs, out.Outputs...)
	s.rollups.Add(&out.Rollups)
}

// at returns the time of the story.
func (s *teller) at() domain.Instant { return max(s.now, s.customer.Now) }

func (s *teller) event(words []string, out *projections.Effects) {
	s.t.Helper()
	if len(words) < 3 {
		s.t.Fatalf("an event needs a time, a type and an id: %q", words)
	}
	ev := domain.Event{Time: s.instant(words[0]), Type: words[1], ID: words[2], Source: "test", Subject: s.customer.ID, OrgUnit: s.unit, Data: []byte("{}")}
	if len(words) == 4 {
		ev.Data = []byte(strings.ReplaceAll(words[3], "@warning", s.warning(ev.Time)))
	}
	typ, known := domain.Lookup(ev.Type)
	if !known {
		s.fold.Apply(s.customer, &projections.Entry{Event: &ev}, out)
		return
	}
	data, err := s.decoder.Decode(typ, ev.Data)
	if err != nil {
		s.t.Fatalf("%q: %v", words, err)
	}
	s.fold.Apply(s.customer, &projections.Entry{Event: &ev, Data: data}, out)
}

// warning returns the id of the latest warning by the given instant.
func (s *teller) warning(at domain.Instant) string {
	c, _ := s.fold.At(s.customer, at)
	for _, x := range c.Cases(projections.CaseWarning) {
		return x.ID
	}
	return "no warning"
}

func (s *teller) instant(text string) domain.Instant {
	s.t.Helper()
	if !strings.Contains(text, "T") {
		text += "T00:00:00Z"
	}
	at, err := domain.ParseInstant(text)
	if err != nil {
		s.t.Fatalf("%q: %v", text, err)
	}
	return at
}

func (s *teller) show() {
	v := s.fold.View(s.customer, s.moves, s.at())
	l := v.Lifecycle
	fmt.Fprintf(&s.out, "at %s: %s since %s, path %s, level %d\n", v.AsOf, l.Stage, l.Since, l.Path, l.RelationshipLevel)
	for _, m := range l.Moves {
		fmt.Fprintf(&s.out, "  %s\n", tellMove(m))
	}
	for _, m := range v.Matters {
		fmt.Fprintf(&s.out, "  open %s %s by %s\n", m.Kind, m.ID, m.Event)
	}
	if l.EndedAt != 0 {
		fmt.Fprintf(&s.out, "  ended at %s, not settled\n", l.EndedAt)
	}
	for _, m := range l.Outlook {
		fmt.Fprintf(&s.out, "  in silence: %s\n", tellMove(m))
	}
}

func tellMove(m projections.Move) string {
	var marks string
	if m.Inferred {
		marks += " inferred"
	}
	if m.WonBack {
		marks += " won_back"
	}
	return fmt.Sprintf("%s %s -> %s: %s%s %v", m.At, m.From, m.To, m.Reason, marks, m.Evidence)
}
