package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
)

// The headers of RFC 7240, by which a client asks for verdicts and learns that it was heard.
const (
	headerPrefer  = "Prefer"
	headerApplied = "Preference-Applied"
	preferWait    = "wait"
)

// await puts verdicts into the results if the client prefers to wait for them, or if always is set and it has no
// preference. What is not known after the wait stays as it is.
func (a *api) await(w http.ResponseWriter, r *http.Request, results []ingest.Result, always bool) {
	wait, asked := preferredWait(r.Header, a.WaitLimit)
	if asked {
		w.Header().Set(headerApplied, preferWait)
	}
	if !asked && !always || wait == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	a.Ingest.Await(ctx, results)
}

// preferredWait returns how long the client wants to wait, at most limit; limit when it does not say how long. asked
// reports whether it says that it wants to wait at all. Preferences that cannot be read are none, as RFC 7240 has it, and
// of several waits the first counts.
func preferredWait(header http.Header, limit time.Duration) (wait time.Duration, asked bool) {
	for _, line := range header.Values(headerPrefer) {
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, given := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(name), preferWait) {
				continue
			}
			if value = strings.Trim(value, " \t\""); !given || value == "" {
				return limit, true
			}
			seconds, err := strconv.ParseUint(value, 10, 31)
			switch {
			case err == nil:
				return min(time.Duration(seconds)*time.Second, limit), true
			case strings.Trim(value, "0123456789") == "":
				return limit, true // more seconds than can be counted
			}
			return limit, false
		}
	}
	return limit, false
}

// answer answers with what became of one event that the log has: the verdict if there is one, else that it was taken.
func (a *api) answer(w http.ResponseWriter, r *http.Request, result *ingest.Result) {
	header := w.Header()
	header.Set(headerPosition, result.Position.String())
	status := http.StatusAccepted
	switch {
	case result.Status == ingest.Conflict:
		a.fail(w, r, problemOfConflict(result))
		return
	case result.Status == ingest.Invalid:
		a.fail(w, r, kindInvalidEvent.problem(detailSetAside, result.Problems...))
		return
	case result.Judged && result.Status == ingest.Duplicate:
		status = http.StatusOK
	case result.Judged:
		status = http.StatusCreated
	}
	if result.Judged {
		header.Set("ETag", etag(result.Version))
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(appendResult(nil, 0, result), '\n'))
}

const detailSetAside = "The log has the event, but it was set aside and counts nowhere. Each entry of errors names a place in the event and the rule that is broken there."

// problemOfConflict returns the problem of an event that its stream did not take.
func problemOfConflict(result *ingest.Result) *Problem {
	p := kindVersion.problem("The event has no effect. Read the customer again, and send the event with the version it has then.", result.Problems...)
	if result.Reason == eventstore.IDReused {
		p = kindIDReused.problem("An event with this id and other content was accepted before. This one has no effect.", result.Problems...)
	}
	p.Version = &result.Version
	return p
}
