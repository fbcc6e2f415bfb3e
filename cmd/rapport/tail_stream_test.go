package main

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// listen opens the stream of outputs of a server after the given id.
func (s *server) listen(t *testing.T, last string) *bufio.Scanner {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", last)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the stream is answered with %s", res.Status)
	}
	return bufio.NewScanner(res.Body)
}

// output returns the next output of a stream, and its id.
func output(t *testing.T, lines *bufio.Scanner) (id, data string) {
	t.Helper()
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = value
		}
		if value, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return id, value
		}
	}
	t.Fatalf("the stream ends: %v", lines.Err())
	return "", ""
}

func TestAStreamEndsWithItsServerAndGoesOnAfterTheRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	lines := s.listen(t, "1")
	begin := func(customer string) {
		t.Helper()
		command(t, dir, 0, "append", "--url", s.url, "--type", "purchase.recorded", "--subject", customer, "--data", `{"amount":{"minor":1,"currency":"CNY"}}`)
	}
	begin("c-1")
	// The first purchase starts the life of a customer.
	last, data := output(t, lines)
	if !strings.Contains(data, `"subject":"c-1"`) || !strings.Contains(data, "lifecycle.started") {
		t.Errorf("the first output is %s", data)
	}
	if code := s.stop(); code != exitDone {
		t.Errorf("with a stream open the server ends with %d: %s", code, s.err.String())
	}
	end := ""
	for lines.Scan() {
		if lines.Text() != "" {
			end = lines.Text()
		}
	}
	if !strings.HasPrefix(end, ": closing") {
		t.Errorf("the stream ends with %q", end)
	}
	s.restart(t)
	begin("c-2")
	lines = s.listen(t, last)
	for subject := ""; !strings.Contains(subject, `"subject":"c-2"`); {
		_, subject = output(t, lines)
		if strings.Contains(subject, "lifecycle.started") && strings.Contains(subject, `"subject":"c-1"`) {
			t.Errorf("after the restart comes %s again", subject)
		}
	}
}
