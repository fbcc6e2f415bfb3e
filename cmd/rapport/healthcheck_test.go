package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestHealthcheckIsDoneWhenTheServerIsReady(t *testing.T) {
	t.Parallel()
	server := answerWith(t, http.StatusOK, "text/plain", []byte("ok"))
	if got, want := execute(t, "healthcheck", "--url", server.url), (outcome{exitDone, "ready\n", ""}); got != want {
		t.Errorf("the run shows %+v, want %+v", got, want)
	}
	if server.request.Load().URL.Path != "/readyz" {
		t.Errorf("it asks %s", server.request.Load().URL.Path)
	}
	if got, want := execute(t, "healthcheck", "--json", "--url", server.url), (outcome{exitDone, "{\"ready\":true}\n", ""}); got != want {
		t.Errorf("the run shows %+v, want %+v", got, want)
	}
}

func TestHealthcheckFailsForEveryOtherAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable} {
		server := answerWith(t, status, "application/problem+json", []byte(`{"title":"Not ready","detail":"Partition 2 is behind."}`))
		got := execute(t, "healthcheck", "--url", server.url)
		if got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, "Partition 2 is behind.") {
			t.Errorf("for status %d the run shows %+v", status, got)
		}
	}
}

func TestHealthcheckDoesNotWaitLongerThanItIsTold(t *testing.T) {
	t.Parallel()
	// A time limit of nothing has passed before any answer can come.
	server := answerWith(t, http.StatusOK, "text/plain", []byte("ok"))
	got := execute(t, "healthcheck", "--timeout", "0s", "--url", server.url)
	if got.code != exitFailed || !strings.Contains(got.stderr, "no answer in time") {
		t.Errorf("the run shows %+v", got)
	}
}
