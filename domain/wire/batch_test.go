package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain/wire"
)

func TestBatchesAreSplitIntoItems(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`[]`:                     "",
		` [ {"a":1} , {"b":2}] `: `{"a":1};{"b":2};`,
		`[{"a":1},{"b":]`:        `{"a":1};!syntax`,
		`[{"a":1}`:               `{"a":1};!syntax`,
		`[{"a":1}]x`:             `{"a":1};!syntax`,
		`[,]`:                    `!syntax`,
		``:                       `!syntax`,
		`{"a":1}`:                `!type`,
	} {
		var got strings.Builder
		for item, err := range wire.SplitBatch([]byte(body)) {
			var m *wire.Malformed
			if errors.As(err, &m) {
				got.WriteString("!" + m.Rule)
			} else {
				got.WriteString(string(item) + ";")
			}
		}
		if got.String() != want {
			t.Errorf("%s: got %s, want %s", body, got.String(), want)
		}
	}
	for _, err := range wire.SplitBatch([]byte(`[1,2`)) {
		if err != nil {
			t.Errorf("the first item of a broken array: %v", err)
		}
		break
	}
}
