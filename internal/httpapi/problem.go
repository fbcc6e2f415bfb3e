package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// problemBase starts the type of every problem.
const problemBase = "https://rapport-crm.github.io/problems/"

// problemMedia is the media type of a problem.
const problemMedia = "application/problem+json"

// Problem is the body of an answer that is an error, as RFC 9457 has it.
type Problem struct {
	// Type is a stable URI that names the kind of problem.
	Type string `json:"type" format:"uri" doc:"Names the kind of problem; it never changes."`
	// Title is the kind of problem in words.
	Title string `json:"title" doc:"The kind of problem in words."`
	// Status is the HTTP status.
	Status int `json:"status" doc:"The HTTP status."`
	// Detail says what to do about this one. It holds no value that was rejected.
	Detail string `json:"detail,omitempty" doc:"What is the matter this time."`
	// Instance is the id of the request, which is also in the header X-Request-Id and in the log.
	Instance string `json:"instance,omitempty" doc:"The id of the request."`
	// Errors are the rules that the request breaks.
	Errors []domain.Problem `json:"errors,omitempty" doc:"The rules that the request breaks."`
	// Version is the version that the stream has, when it did not take the event.
	Version *int64 `json:"version,omitempty" doc:"With version-mismatch and id-reused, the version that the stream has."`

	headers http.Header
}

// kind is a kind of problem.
type kind struct {
	slug   string
	status int
	title  string
	// retry is when a client may try the same request again; 0 says nothing.
	retry time.Duration
}

// The kinds of problem. Their slugs are part of the public contract.
var (
	kindMalformed     = kind{slug: "malformed-body", status: http.StatusBadRequest, title: "The body cannot be read"}
	kindTruncated     = kind{slug: "truncated-body", status: http.StatusBadRequest, title: "The body ends too early"}
	kindPrecondition  = kind{slug: "malformed-precondition", status: http.StatusBadRequest, title: "The precondition cannot be read"}
	kindCrossOrigin   = kind{slug: "cross-origin", status: http.StatusForbidden, title: "The request comes from a page of another origin"}
	kindNotFound      = kind{slug: "not-found", status: http.StatusNotFound, title: "There is no such thing"}
	kindMethod        = kind{slug: "method-not-allowed", status: http.StatusMethodNotAllowed, title: "The method is not allowed here"}
	kindIDReused      = kind{slug: "id-reused", status: http.StatusConflict, title: "The id belongs to another event"}
	kindVersion       = kind{slug: "version-mismatch", status: http.StatusPreconditionFailed, title: "The stream is at another version"}
	kindResolved      = kind{slug: "already-resolved", status: http.StatusConflict, title: "Something was done about it before"}
	kindGone          = kind{slug: "outputs-gone", status: http.StatusGone, title: "The outputs asked for were deleted"}
	kindInUse         = kind{slug: "version-in-use", status: http.StatusConflict, title: "The version belongs to another policy"}
	kindEnded         = kind{slug: "warning-ended", status: http.StatusConflict, title: "The warning has ended"}
	kindPending       = kind{slug: "still-pending", status: http.StatusConflict, title: "The delivery has not ended"}
	kindEnough        = kind{slug: "too-many-webhooks", status: http.StatusConflict, title: "There are as many webhooks as there may be"}
	kindSlow          = kind{slug: "slow-body", status: http.StatusRequestTimeout, title: "The body comes too slowly"}
	kindTooLarge      = kind{slug: "too-large", status: http.StatusRequestEntityTooLarge, title: "The body is too large"}
	kindMedia         = kind{slug: "unsupported-media-type", status: http.StatusUnsupportedMediaType, title: "The body has a form that is not read here"}
	kindInvalid       = kind{slug: "invalid-request", status: http.StatusUnprocessableEntity, title: "The request breaks rules"}
	kindInvalidEvent  = kind{slug: "invalid-event", status: http.StatusUnprocessableEntity, title: "The event breaks rules"}
	kindInvalidPolicy = kind{slug: "invalid-policy", status: http.StatusUnprocessableEntity, title: "The policy breaks rules"}
	kindBusy          = kind{slug: "busy", status: http.StatusTooManyRequests, title: "Too much is going on", retry: time.Second}
	kindInternal      = kind{slug: "internal", status: http.StatusInternalServerError, title: "Something went wrong here"}
	kindDamaged       = kind{slug: "log-damaged", status: http.StatusInternalServerError, title: "The log does not have what it must have"}
	kindUnavailable   = kind{slug: "log-unavailable", status: http.StatusServiceUnavailable, title: "The log is unavailable", retry: time.Second}
	kindNotReady      = kind{slug: "not-ready", status: http.StatusServiceUnavailable, title: "Not ready", retry: time.Second}
	kindBehind        = kind{slug: "views-behind", status: http.StatusServiceUnavailable, title: "The views lag too far behind the log", retry: 5 * time.Second}
	kindNotReached    = kind{slug: "position-not-reached", status: http.StatusGatewayTimeout, title: "The views do not reflect the position yet", retry: time.Second}
	kindTimeout       = kind{slug: "timeout", status: http.StatusGatewayTimeout, title: "It took too long", retry: time.Second}
)

// problem returns a problem of this kind.
func (k kind) problem(detail string, errors ...domain.Problem) *Problem {
	p := &Problem{Type: problemBase + k.slug, Title: k.title, Status: k.status, Detail: detail, Errors: errors}
	if k.retry > 0 {
		p.setHeader("Retry-After", strconv.Itoa(int(k.retry.Seconds())))
	}
	return p
}

// is reports whether the problem is of a kind.
func (p *Problem) is(k kind) bool { return p.Type == problemBase+k.slug }

// Error returns title and detail.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemMedia }

func (p *Problem) setHeader(name, value string) {
	if p.headers == nil {
		p.headers = make(http.Header)
	}
	p.headers.Set(name, value)
}

// write answers the request with the problem.
func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	p.Instance = requestID(r.Context())
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemMedia)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// The client is gone when this does not work, and there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(p)
}
