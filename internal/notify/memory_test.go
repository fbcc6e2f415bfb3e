package notify_test

import (
	"testing"

	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/notifytest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, func(*testing.T) notify.Store { return notify.NewMemory() })
}
