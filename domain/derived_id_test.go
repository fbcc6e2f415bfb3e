package domain

import (
	"testing"

	"github.com/google/uuid"
)

func TestDerivedIDsAreTheUUIDv5OfTheirParts(t *testing.T) {
	t.Parallel()
	if want := uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://rapport-crm.github.io/ids")); derivedIDs != want {
		t.Errorf("the namespace is %s, want %s", derivedIDs, want)
	}
	for _, tt := range []struct {
		parts []string
		want  string
	}{
		{nil, "48efe9cc-ef7b-5cc5-b1da-ab1492cdc7d9"},
		{[]string{"lifecycle.started", "C0001234", "1"}, "90d4f5d0-26c4-5508-bcd6-e17b029a9e10"},
		{[]string{"lifecycle.started", "C0001234", "11"}, "72156279-a558-5d2c-afb0-88ed5d0832d8"},
		{[]string{"lifecycle.startedC0001234", "11"}, "bedee91e-5165-5836-88b1-2dde002b8c4b"},
		{[]string{"顾客", ""}, "361770e6-42e8-5ada-b724-73fccd6c2a73"},
	} {
		if got := DerivedID(tt.parts...); got != tt.want {
			t.Errorf("the id of %q is %s, want %s", tt.parts, got, tt.want)
		}
	}
}
