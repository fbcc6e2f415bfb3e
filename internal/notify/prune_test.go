package notify_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
)

func TestAFileDoesNotSendAgainWhatWasForgottenBeforeTheDeadWereAskedForAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	f := openFile(t, path)
	fill(t, f)
	_, err := f.Prune(t.Context(), at.Add(time.Hour), at.Add(time.Hour))
	done(t, err)
	n, err := f.RedeliverDead(t.Context(), "b", at.Add(2*time.Hour))
	done(t, err)
	if n != 0 {
		t.Fatalf("%d dead deliveries are there", n)
	}
	shut(t, f)
	f = openFile(t, path)
	defer shut(t, f)
	page, err := f.Deliveries(t.Context(), notify.Filter{Subscription: "b", Limit: 100})
	done(t, err)
	for _, d := range page.Items {
		if d.ID == "b2" {
			t.Errorf("after a restart the forgotten delivery b2 is %s", d.Status)
		}
	}
}
