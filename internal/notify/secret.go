package notify

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// secretPrefix begins the text of every secret, so that scanners of source code recognise one.
const secretPrefix = "whsec_"

// Bounds on the number of bytes of a secret, by the specification.
const (
	minSecretBytes = 24
	maxSecretBytes = 64
	newSecretBytes = 32
)

// Key is the text of a secret: "whsec_" and the base64 of 24 to 64 random bytes. It hides itself from logs and from JSON;
// string(key) is the text.
type Key string

// NewKey returns a random key.
func NewKey() Key {
	var b [newSecretBytes]byte
	// Read never returns an error: it ends the program when the system has no random numbers.
	_, _ = rand.Read(b[:])
	return Key(secretPrefix + base64.StdEncoding.EncodeToString(b[:]))
}

// String returns the key with everything but its prefix hidden.
func (k Key) String() string { return secretPrefix + "…" }

// LogValue hides the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText hides the key.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Format hides the key from every verb of package fmt.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// bytes returns the bytes of the key. The error never holds the key.
func (k Key) bytes() ([]byte, error) {
	text, ok := strings.CutPrefix(string(k), secretPrefix)
	if !ok {
		return nil, errors.New("the key must begin with " + secretPrefix)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the key must be base64 after " + secretPrefix)
	}
	if len(b) < minSecretBytes || len(b) > maxSecretBytes {
		return nil, fmt.Errorf("the key must have %d to %d bytes, it has %d", minSecretBytes, maxSecretBytes, len(b))
	}
	return b, nil
}

// Secret is what a subscription signs with.
type Secret struct {
	Key Key
	// CreatedAt is when it was made.
	CreatedAt time.Time
	// ExpiresAt is when it is no longer signed with; zero while it is the current one.
	ExpiresAt time.Time
}

// active reports whether requests at the given time are signed with the secret.
func (s Secret) active(now time.Time) bool { return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt) }

// rotationOverlap is how long requests are signed with the old secret too when Rotate is not told otherwise.
const rotationOverlap = 24 * time.Hour

// Rotate gives the subscription a new key, which is returned. The ones before go on signing for the overlap, or for less
// when they end earlier; those that have ended are dropped. An overlap of 0 means 24 hours, a negative one none.
func (s *Subscription) Rotate(now time.Time, overlap time.Duration) Key {
	if overlap == 0 {
		overlap = rotationOverlap
	}
	end := now.Add(max(overlap, 0))
	secrets := []Secret{{Key: NewKey(), CreatedAt: now}}
	for _, old := range s.Secrets {
		if old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
			old.ExpiresAt = end
		}
		if old.active(now) {
			secrets = append(secrets, old)
		}
	}
	s.Secrets = secrets
	return secrets[0].Key
}

// keys returns the keys that requests at the given time are signed with, the newest first.
func (s *Subscription) keys(now time.Time) []Key {
	var keys []Key
	for _, secret := range s.Secrets {
		if secret.active(now) {
			keys = append(keys, secret.Key)
		}
	}
	return keys
}
