package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Names of the headers of a request, by Standard Webhooks 1.0.0.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// signatureVersion marks signatures by HMAC-SHA256.
const signatureVersion = "v1"

// Tolerance is how far the timestamp of a request may be from the clock of the receiver.
const Tolerance = 5 * time.Minute

// Reasons for which Verify refuses a request.
var (
	// ErrSignature means that no signature of the request is by one of the keys over what was received.
	ErrSignature = errors.New("no signature matches")
	// ErrTimestamp means that the timestamp is absent, no number, or further from the clock than Tolerance.
	ErrTimestamp = errors.New("the timestamp is not within the tolerance")
)

// sign returns the value of the signature header: one signature for each key, over id, timestamp and body.
func sign(keys []Key, id string, timestamp time.Time, body []byte) (string, error) {
	signatures := make([]string, len(keys))
	for i, key := range keys {
		mac, err := authenticate(key, id, strconv.FormatInt(timestamp.Unix(), 10), body)
		if err != nil {
			return "", err
		}
		signatures[i] = signatureVersion + "," + base64.StdEncoding.EncodeToString(mac)
	}
	return strings.Join(signatures, " "), nil
}

func authenticate(key Key, id, timestamp string, body []byte) ([]byte, error) {
	secret, err := key.bytes()
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return h.Sum(nil), nil
}

// Verify checks that a request was signed with one of the keys over exactly this body, and not longer ago than Tolerance.
// The error wraps ErrSignature or ErrTimestamp. It is what a receiver written in Go may use.
func Verify(keys []Key, header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get(HeaderID), header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("verify webhook: %w", ErrTimestamp)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("verify webhook: %w", ErrTimestamp)
	}
	for _, key := range keys {
		want, err := authenticate(key, id, timestamp, body)
		if err != nil {
			return fmt.Errorf("verify webhook: %w", err)
		}
		for signature := range strings.FieldsSeq(header.Get(HeaderSignature)) {
			text, ok := strings.CutPrefix(signature, signatureVersion+",")
			got, err := base64.StdEncoding.DecodeString(text)
			if ok && err == nil && id != "" && hmac.Equal(got, want) {
				return nil
			}
		}
	}
	return fmt.Errorf("verify webhook: %w", ErrSignature)
}
