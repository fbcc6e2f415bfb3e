package mail_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/mail"
)

// event returns an output of a type with the data of its example.
func event(t *testing.T, typ, customer string) []byte {
	t.Helper()
	o, ok := domain.LookupOutput(typ)
	if !ok {
		t.Fatalf("no output %s", typ)
	}
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"x","source":"/rapport","type":%q,"subject":%q,"time":"2026-03-01T09:30:00Z","orgunit":"north/dealer-7","data":%s}`,
		typ, customer, o.Example())
}

func TestALetterTellsWhatTheOutputSays(t *testing.T) {
	t.Parallel()
	l, err := mail.Writer{BaseURL: "https://rapport.example/"}.Letter(event(t, "churn.warning_raised", "c 17"))
	if err != nil {
		t.Fatal(err)
	}
	if l.Subject != "Churn warning raised: high, customer c 17" || !l.Date.Equal(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)) {
		t.Errorf("the letter is %+v", l)
	}
	for _, line := range []string{
		"Customer: c 17", "Org unit: north/dealer-7", "Level: high", "Score: 52", "Contributions: silence 37.5, competitor 14.5",
		"Employee: e-12", "Policy version: 2026-03", "See: https://rapport.example/v1/customers/c%2017",
	} {
		if !strings.Contains(l.Text, line+"\n") {
			t.Errorf("the letter lacks the line %q:\n%s", line, l.Text)
		}
	}
}

func TestEveryOutputHasALetterWithEveryMember(t *testing.T) {
	t.Parallel()
	for _, typ := range domain.Outputs() {
		l, err := mail.Writer{}.Letter(event(t, typ.Name, "c-1"))
		if err != nil {
			t.Fatal(err)
		}
		var data map[string]json.RawMessage
		if err := json.Unmarshal(typ.Example(), &data); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(l.Text, "\n"); lines != len(data)+2 {
			t.Errorf("%s has %d members and its letter %d lines:\n%s", typ.Name, len(data), lines, l.Text)
		}
	}
}

func TestWhatCustomersWroteAddsNoLines(t *testing.T) {
	t.Parallel()
	l, err := mail.Writer{}.Letter([]byte(`{"type":"churn.warning_raised","subject":"c\r\nBcc: all@example.com","data":{"level":"high\nScore: 0"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(l.Subject, "\r\n") || strings.Count(l.Text, "\n") != 2 {
		t.Errorf("the letter is %q\n%s", l.Subject, l.Text)
	}
}

func TestADigestTellsAllInOrder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	l, err := mail.Writer{}.Digest("Rapport, 2026-03-01", at, [][]byte{event(t, "churn.warning_raised", "c-2"), event(t, "churn.warning_cleared", "c-1")})
	if err != nil {
		t.Fatal(err)
	}
	first, second := strings.Index(l.Text, "customer c-2"), strings.Index(l.Text, "customer c-1")
	if l.Subject != "Rapport, 2026-03-01" || !l.Date.Equal(at) || first < 0 || second < first {
		t.Errorf("the digest is %+v", l)
	}
}

func TestWhatIsNoEventHasNoLetter(t *testing.T) {
	t.Parallel()
	if _, err := (mail.Writer{}).Letter([]byte("hello")); err == nil {
		t.Error("a letter was made of a text")
	}
	if _, err := (mail.Writer{}).Digest("x", time.Time{}, [][]byte{nil}); err == nil {
		t.Error("a digest was made of nothing")
	}
}
