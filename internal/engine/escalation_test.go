package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/mail"
	"github.com/rapport-crm/rapport/internal/mail/mailtest"
)

// TestTheHeadOfTheUnitAboveGetsLettersWhenNobodyAnswersAWarning lets two customers fall silent for so long that nobody has answered
// their warnings for more than three working days. The head of one unit has subscribed.
func TestTheHeadOfTheUnitAboveGetsLettersWhenNobodyAnswersAWarning(t *testing.T) {
	t.Parallel()
	office := mailtest.Open(t, mail.StartTLS)
	server, options := office.Server(mail.StartTLS), impatient()
	options.Mail = &server
	s := serveHTTP(t, engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, Webhooks: options})
	s.ask(http.StatusCreated, "POST", "/v1/webhooks", "application/json",
		`{"url":"mailto:head@example.com","types":["churn.warning_unanswered"],"org_unit":"brand/north","old_news":true}`)
	now := time.Now().UTC()
	for customer, unit := range map[string]string{"c-south": "brand/south", "c-north": "brand/north/dealer-7", "c-new": "brand"} {
		at := now.Add(-150 * 24 * time.Hour)
		if customer == "c-new" {
			at = now // the log is no historic one: ticks tell the time
		}
		s.ask(http.StatusAccepted, "POST", "/v1/events", "application/cloudevents+json", fmt.Sprintf(
			`{"specversion":"1.0","id":%q,"source":"test","type":"purchase.recorded","subject":%q,"orgunit":%q,"time":%q,"data":{"amount":{"minor":1,"currency":"CNY"}}}`,
			uuid.NewString(), customer, unit, at.Format(time.RFC3339)))
	}
	until(t, "two letters", func() bool { return len(office.Taken()) >= 2 })
	letters := strings.Join(office.Taken(), "\n")
	for _, line := range []string{
		"Customer: c-north", "Org unit: brand/north/dealer-7", "Step: 1", "For: brand/north/dealer-7", "Step: 2", "For: brand/north\r\n",
	} {
		if !strings.Contains(letters, line) {
			t.Errorf("no letter has the line %q:\n%s", line, letters)
		}
	}
	if strings.Contains(letters, "c-south") {
		t.Errorf("there is a letter about a customer of another unit:\n%s", letters)
	}
}
