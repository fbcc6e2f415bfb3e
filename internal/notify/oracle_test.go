package notify

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestTheOfficialLibraryVerifiesWhatWeSend(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := Subscription{ID: "a", Secrets: []Secret{{Key: NewKey(), CreatedAt: now}}}
	first := s.Secrets[0].Key
	second := s.Rotate(now, time.Hour)
	verified := make(chan error, 4)
	server := serve(t, (*httptest.Server).Start, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for _, key := range []Key{first, second} {
			verified <- verifyByLibrary(t, key, body, r.Header)
		}
		verified <- verifyByLibrary(t, first, append(body, ' '), r.Header)
		verified <- verifyByLibrary(t, NewKey(), body, r.Header)
	})
	c := newClient(Options{AllowPrivate: loopback}.withDefaults())
	defer c.close()
	s.URL = server.URL
	if a := c.send(t.Context(), &s, &Delivery{ID: "2c1f6a0e", Body: []byte(`{"type":"lifecycle.started"}`)}); a.Error != "" {
		t.Fatalf("the attempt is %+v", a)
	}
	for _, what := range []string{"the old key", "the new key"} {
		if err := <-verified; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, what := range []string{"a tampered body", "a foreign key"} {
		if err := <-verified; !errors.Is(err, standardwebhooks.ErrNoMatchingSignature) {
			t.Errorf("%s: the error is %v", what, err)
		}
	}
}

func verifyByLibrary(t *testing.T, key Key, body []byte, header http.Header) error {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(string(key))
	if err != nil {
		t.Error(err)
		return nil
	}
	return webhook.Verify(body, header)
}

func TestWeVerifyWhatTheOfficialLibrarySigns(t *testing.T) {
	t.Parallel()
	key, now := NewKey(), time.Now()
	webhook, err := standardwebhooks.NewWebhook(string(key))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"type":"lifecycle.started"}`)
	signature, err := webhook.Sign("id", now, body)
	if err != nil {
		t.Fatal(err)
	}
	header := signed(t, []Key{key}, "id", now, string(body))
	header.Set(HeaderSignature, signature)
	if err := Verify([]Key{key}, header, body, now); err != nil {
		t.Error(err)
	}
	if err := Verify([]Key{NewKey()}, header, body, now); !errors.Is(err, ErrSignature) {
		t.Errorf("a foreign key has error %v", err)
	}
	if err := Verify([]Key{key}, header, body, now.Add(time.Hour)); !errors.Is(err, ErrTimestamp) {
		t.Errorf("an old request has error %v", err)
	}
}
