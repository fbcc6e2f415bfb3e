package notify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The key, the message and the signature are the example of the specification (Standard Webhooks 1.0.0) as its libraries
// test it.
func TestASignatureIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	got, err := sign([]Key{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek",
		time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("the signature is %q, %v, want %q", got, err, want)
	}
}

func signed(t *testing.T, keys []Key, id string, at time.Time, body string) http.Header {
	t.Helper()
	signature, err := sign(keys, id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	h := make(http.Header)
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(HeaderSignature, signature)
	return h
}

func TestVerifyRefusesTamperedOldAndForeignRequests(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	key, foreign := NewKey(), NewKey()
	const body = `{"type":"lifecycle.terminated"}`
	for name, c := range map[string]struct {
		header func(http.Header)
		body   string
		keys   []Key
		now    time.Time
		want   error
	}{
		"as it was sent":           {want: nil},
		"another body":             {body: body + " ", want: ErrSignature},
		"another id":               {header: func(h http.Header) { h.Set(HeaderID, "other") }, want: ErrSignature},
		"another timestamp":        {header: func(h http.Header) { h.Set(HeaderTimestamp, "1800000001") }, want: ErrSignature},
		"no id":                    {header: func(h http.Header) { h.Del(HeaderID) }, want: ErrSignature},
		"no signature":             {header: func(h http.Header) { h.Del(HeaderSignature) }, want: ErrSignature},
		"a signature cut short":    {header: func(h http.Header) { h.Set(HeaderSignature, h.Get(HeaderSignature)[:20]) }, want: ErrSignature},
		"another version":          {header: func(h http.Header) { h.Set(HeaderSignature, "v2"+h.Get(HeaderSignature)[2:]) }, want: ErrSignature},
		"no timestamp":             {header: func(h http.Header) { h.Del(HeaderTimestamp) }, want: ErrTimestamp},
		"a timestamp in words":     {header: func(h http.Header) { h.Set(HeaderTimestamp, "today") }, want: ErrTimestamp},
		"a foreign key":            {keys: []Key{foreign}, want: ErrSignature},
		"one of two keys":          {keys: []Key{foreign, key}, want: nil},
		"at the end of tolerance":  {now: now.Add(Tolerance), want: nil},
		"after the tolerance":      {now: now.Add(Tolerance + time.Second), want: ErrTimestamp},
		"before the tolerance":     {now: now.Add(-Tolerance - time.Second), want: ErrTimestamp},
		"a signature among others": {header: func(h http.Header) { h.Set(HeaderSignature, "v1a,x v1,!! "+h.Get(HeaderSignature)) }, want: nil},
	} {
		header := signed(t, []Key{key}, "id", now, body)
		if c.header != nil {
			c.header(header)
		}
		if c.body == "" {
			c.body = body
		}
		if c.keys == nil {
			c.keys = []Key{key}
		}
		if c.now.IsZero() {
			c.now = now
		}
		if err := Verify(c.keys, header, []byte(c.body), c.now); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: the error is %v, want %v", name, err, c.want)
		}
	}
}

func TestVerifyAcceptsWhatWasSignedAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(r, "body")
		at := time.Unix(rapid.Int64Range(0, 1<<40).Draw(r, "at"), 0)
		key := NewKey()
		header := signed(t, []Key{key}, "id", at, string(body))
		if err := Verify([]Key{key}, header, body, at); err != nil {
			r.Fatal(err)
		}
		if len(body) > 0 {
			i := rapid.IntRange(0, len(body)-1).Draw(r, "changed")
			body[i] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
			if err := Verify([]Key{key}, header, body, at); !errors.Is(err, ErrSignature) {
				r.Fatalf("a changed body has error %v", err)
			}
		}
	})
}

func TestAKeyIsRandomAndOfTheFormOfTheSpecification(t *testing.T) {
	t.Parallel()
	a, b := NewKey(), NewKey()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(a), "whsec_"))
	if err != nil || len(raw) != 32 || a == b {
		t.Errorf("the key has %d bytes, %v; equal to another: %t", len(raw), err, a == b)
	}
	for _, unfit := range []Key{"", "whsec_", "whsec_???", Key(strings.TrimPrefix(string(a), "whsec_")), "whsec_c2hvcnQ="} {
		if _, err := unfit.bytes(); err == nil {
			t.Errorf("key %q is accepted", string(unfit))
		}
	}
}

func TestAKeyHidesItself(t *testing.T) {
	t.Parallel()
	s := Subscription{Secrets: []Secret{{Key: NewKey()}}}
	secret := strings.TrimPrefix(string(s.Secrets[0].Key), "whsec_")
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{string(asJSON), fmt.Sprint(s), fmt.Sprintf("%+v %#v %q %s", s, s, s.Secrets[0].Key, s.Secrets[0].Key)} {
		if strings.Contains(shown, secret) {
			t.Errorf("the key is shown in %s", shown)
		}
	}
}

func TestRotationSignsWithBothKeysUntilTheOverlapEnds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	s := Subscription{Secrets: []Secret{{Key: NewKey(), CreatedAt: now}}}
	first := s.Secrets[0].Key
	second := s.Rotate(now, time.Hour)
	third := s.Rotate(now.Add(time.Minute), 0)
	for at, want := range map[time.Duration][]Key{
		time.Minute: {third, second, first}, time.Hour: {third, second}, time.Minute + 24*time.Hour: {third},
	} {
		if got := s.keys(now.Add(at)); !slices.Equal(got, want) {
			t.Errorf("after %s there are %d keys, want %d", at, len(got), len(want))
		}
	}
	s.Rotate(now.Add(2*time.Hour), -1)
	if len(s.Secrets) != 1 {
		t.Errorf("without an overlap %d secrets are kept, want 1", len(s.Secrets))
	}
}
