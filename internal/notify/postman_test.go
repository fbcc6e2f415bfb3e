package notify

import (
	"fmt"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/internal/mail"
	"github.com/rapport-crm/rapport/internal/mail/mailtest"
)

func TestAPersonGetsALetterAndOneMoreWithTheSameIDAfterAFailure(t *testing.T) {
	t.Parallel()
	office := mailtest.Open(t, mail.StartTLS)
	server := office.Server(mail.StartTLS)
	p := newPostman(Options{Mail: &server, PublicURL: "https://rapport.example"})
	to := &Subscription{ID: "s", URL: "mailto:li%2Bchurn@example.com"}
	d := &Delivery{ID: "delivery-1", Type: "churn.warning_raised", Body: []byte(`{"type":"churn.warning_raised","subject":"c-1","time":"2026-03-01T09:30:00Z","data":{"level":"high"}}`)}
	office.Refuse(451)
	if a := p.send(t.Context(), to, d); a.Error == "" || a.At.IsZero() {
		t.Errorf("a refused letter is %+v", a)
	}
	office.Refuse(0)
	for range 2 { // the second time because nobody knew whether the first arrived
		if a := p.send(t.Context(), to, d); a.Error != "" {
			t.Fatal(a.Error)
		}
	}
	letters := office.Taken()
	if len(letters) != 2 {
		t.Fatalf("%d letters arrived", len(letters))
	}
	for _, text := range letters {
		m, err := netmail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if id, to := m.Header.Get("Message-Id"), m.Header.Get("To"); id != "<delivery-1@example.com>" || to != "<li+churn@example.com>" {
			t.Errorf("the letter is %s to %s", id, to)
		}
	}
}

func TestAPersonGetsOneLetterForADigest(t *testing.T) {
	t.Parallel()
	office := mailtest.Open(t, mail.StartTLS)
	server := office.Server(mail.StartTLS)
	event := func(customer string) string {
		return fmt.Sprintf(`{"type":"churn.warning_raised","subject":%q,"time":"2026-03-01T09:30:00Z","data":{"level":"high"}}`, customer)
	}
	d := &Delivery{ID: "d", Type: TypeDigest, Body: fmt.Appendf(nil, `{"time":"2026-03-02T08:00:00Z","data":{"outputs":[%s,%s]}}`, event("c-2"), event("c-1"))}
	if a := newPostman(Options{Mail: &server}).send(t.Context(), &Subscription{URL: "mailto:li@example.com"}, d); a.Error != "" {
		t.Fatal(a.Error)
	}
	letters := office.Taken()
	if len(letters) != 1 || !strings.Contains(letters[0], "Subject: Rapport: 2 outputs until 2026-03-02") {
		t.Fatalf("the letters are %q", letters)
	}
	first, second := strings.Index(letters[0], "Customer: c-2"), strings.Index(letters[0], "Customer: c-1")
	if first < 0 || second < first {
		t.Errorf("the digest is\n%s", letters[0])
	}
}

func TestAnAddressOfAPersonIsOneAddressAndNeedsAMailServer(t *testing.T) {
	t.Parallel()
	known := Options{Mail: &mail.Server{Host: "localhost"}}
	for text, ok := range map[string]bool{
		"mailto:li@example.com": true, "mailto:": false, "mailto:li": false, "mailto:li@example.com,wu@example.com": false,
		"mailto:Li <li@example.com>": false, "mailto:li@example.com?cc=wu@example.com": false, "mailto:" + strings.Repeat("l", maxURL) + "@example.com": false,
	} {
		if rule, message := faultOfURL(text, known); (rule == "") != ok {
			t.Errorf("%q: %s %s", text, rule, message)
		}
	}
	if rule, _ := faultOfURL("mailto:li@example.com", Options{}); rule == "" {
		t.Error("an address of a person is taken without a mail server")
	}
	if a := newPostman(Options{}).send(t.Context(), &Subscription{URL: "mailto:li@example.com"}, &Delivery{}); a.Error == "" {
		t.Error("a letter was sent without a mail server")
	}
}
