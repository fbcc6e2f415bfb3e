package httpapi

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/rapport-crm/rapport/domain/wire"
)

// maxItems is the greatest number of events in a batch. A stream has no such limit.
const maxItems = 100_000

// pieces keeps the memory of pieces between requests.
var pieces = sync.Pool{New: func() any { return new(piece) }}

// release gives the piece back, unless it has grown large.
func (p *piece) release() {
	if cap(p.events) > pieceItems || cap(p.text) > 2*pieceText {
		return
	}
	p.reset()
	pieces.Put(p)
}

// batch takes an array of events and answers with one result for each. A body that is not such an array is refused as a
// whole.
func (a *api) batch(w http.ResponseWriter, r *http.Request) {
	content, release, err := a.slurp(w, r, maxBatch)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer release()
	p := pieces.Get().(*piece)
	defer p.release()
	for raw, err := range wire.SplitBatch(content) {
		if err == nil && len(p.items) == maxItems {
			err = kindTooLarge.problem(fmt.Sprintf("A batch has at most %d events. Send more as a stream, %s.", maxItems, mediaStream))
		}
		if err != nil {
			a.fail(w, r, err)
			return
		}
		p.add(0, raw)
	}
	results, err := a.append(r.Context(), a.Ingest.Append, p.events)
	a.count(results)
	a.countRefused(p)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.await(w, r, results, false)
	answer := append(make([]byte, 0, 32+128*len(p.items)), `{"results":[`...)
	for i := range p.items {
		if i > 0 {
			answer = append(answer, ',')
		}
		outcome := p.items[i].outcome(results)
		answer = appendResult(answer, 0, &outcome)
	}
	w.Header().Set(headerPosition, positionText(reached(nil, results)))
	writeJSON(w, append(answer, ']', '}'))
}

// countRefused adds the items that are not events to the metrics.
func (a *api) countRefused(p *piece) {
	if n := len(p.items) - len(p.events); n > 0 {
		a.Metrics.Ingested("invalid", n)
	}
}
