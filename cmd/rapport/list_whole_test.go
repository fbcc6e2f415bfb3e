package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAWholeListWithoutAMatchIsEmptyAndNotNull(t *testing.T) {
	t.Parallel()
	server := answer(t, map[string]any{"items": []any{}, "as_of": nil})
	got := execute(t, "complaints", "--all", "--json", "--url", server.url)
	var document map[string]json.RawMessage
	if err := json.Unmarshal([]byte(got.stdout), &document); err != nil || string(document["items"]) != "[]" {
		t.Errorf("items are %s, %v; want []", document["items"], err)
	}
}

func TestAPageThatIsFollowedByItselfIsAnErrorAndNoEndlessList(t *testing.T) {
	t.Parallel()
	server := answer(t, map[string]any{"items": []any{}, "next": "again"})
	got := execute(t, "complaints", "--all", "--url", server.url)
	if got.code != exitFailed || !strings.Contains(got.stderr, "followed by itself") {
		t.Errorf("the run shows %+v", got)
	}
}
