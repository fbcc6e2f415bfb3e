package main

import (
	"encoding/json"
	"testing"
)

func TestPositionsShowsHowFarTheViewsAreBehindAndWhoFoldsThem(t *testing.T) {
	t.Parallel()
	server := answer(t, json.RawMessage(`{"positions":{"0":120,"1":0,"2":9},"ends":{"0":125,"1":0,"2":7},"lag":{"0":5,"1":0,"2":0},"partitions":[
		{"partition":0,"next":120,"end":125,"lag_records":5,"lag_seconds":12.25,"owner":"node-a/17","epoch":3,
			"recorded_at":"2026-03-01T09:30:00Z","newest_at":"2026-03-01T09:29:00Z","next_due_at":"2026-06-29T09:30:00Z","policy_version":"autumn"},
		{"partition":1,"next":0,"end":0,"lag_records":0,"lag_seconds":0,"epoch":0,"policy_version":"default-1"},
		{"partition":2,"next":9,"owner":"node-b/4","epoch":12,"policy_version":"default-1"}]}`))
	got := execute(t, "positions", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "positions", got.stdout)
}
