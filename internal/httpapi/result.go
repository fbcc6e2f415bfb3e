package httpapi

import (
	"encoding/json"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/ingest"
)

// resultView is what became of one event.
type resultView struct {
	Line     int              `json:"line,omitempty" doc:"The number of the line of a stream, from 1."`
	ID       string           `json:"id,omitempty" doc:"The id of the event, when there is one."`
	Status   string           `json:"status" enum:"accepted,duplicate,conflict,invalid,unknown" doc:"With a version it is the verdict of the stream; without one it says: accepted, the log has it; duplicate, it came before in the same request; invalid, it breaks rules and is not in the log or, with a position, was set aside there; unknown, the log did not acknowledge it, send it again with the same id."`
	Version  int64            `json:"version,omitempty" doc:"The version of the stream after the event, when the verdict is known. An event in conflict has not changed it."`
	Position string           `json:"position,omitempty" doc:"Where the event is in the log." example:"3:1204"`
	Errors   []domain.Problem `json:"errors,omitempty" doc:"The rules that an event breaks which is invalid or in conflict."`
}

// batchView is the answer to a batch: one result for each item, in their order.
type batchView struct {
	Results []resultView `json:"results" nullable:"false"`
}

// appendResult appends what became of an event as JSON. The results of large batches are written here without
// reflection; resultView describes the same.
func appendResult(dst []byte, line int, r *ingest.Result) []byte {
	dst = append(dst, '{')
	if line > 0 {
		dst = strconv.AppendInt(append(dst, `"line":`...), int64(line), 10)
		dst = append(dst, ',')
	}
	if r.ID != "" {
		dst = appendString(append(dst, `"id":`...), r.ID)
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, `"status":"`...), r.Status.String()...), '"')
	if r.Judged && r.Status != ingest.Invalid {
		dst = strconv.AppendInt(append(dst, `,"version":`...), r.Version, 10)
	}
	if r.Appended() {
		dst = append(append(append(dst, `,"position":"`...), r.Position.String()...), '"')
	}
	if len(r.Problems) > 0 {
		if b, err := json.Marshal(r.Problems); err == nil { // strings always marshal
			dst = append(append(dst, `,"errors":`...), b...)
		}
	}
	return append(dst, '}')
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			if b, err := json.Marshal(s); err == nil { // strings always marshal
				return append(dst, b...)
			}
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// byteCount returns a number of bytes in words.
func byteCount(n int64) string {
	if n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatInt(n>>10, 10) + " KiB"
}
