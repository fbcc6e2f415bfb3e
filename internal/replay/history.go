package replay

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// HistoryRequest selects a page of the history of a customer.
type HistoryRequest struct {
	// Bound says as of when; without an instant nothing is told of the silence after the last event.
	projections.Bound
	// Limit is how many records a page covers, 1 to 500. Default: 50.
	Limit int
	// Cursor continues after the page that returned it.
	Cursor string
	// Ascending puts the oldest first; otherwise the newest is first.
	Ascending bool
}

// HistoryPage is one page of a history: how the customer stood after each event, and after each change of the stage or the
// level of risk that time brought in between.
type HistoryPage struct {
	Items     []projections.Turn   `json:"items"`
	Next      string               `json:"next,omitempty"`
	Positions eventstore.Positions `json:"positions"`
}

// History returns a page of the history of a customer, by folding its stream anew. It returns projections.ErrNotFound for an
// unknown customer and an error matching projections.ErrFilter for a request that cannot be answered.
func (r *Reader) History(ctx context.Context, id string, req HistoryRequest) (*HistoryPage, error) {
	found, positions, err := r.records(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	from, to, err := req.window(len(found))
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	x, err := single{r.fold(), r.log.PartitionOf, id, true}.play(ctx, found, req.Bound)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	h := history{play: x, id: id, bound: req.Bound}
	if x.at, err = x.folder.Fold(ctx, x.at, found[:from]); err != nil {
		return nil, fmt.Errorf("read history: fold one stream: %w", err)
	}
	for i := from; i < to; i++ {
		if err := h.step(ctx, &found[i]); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
	}
	if to == len(found) {
		h.silence(h.bound.At)
	}
	if _, c, err := x.customer(id); err != nil || c.Events == 0 || !c.IsCustomer() {
		return nil, fmt.Errorf("customer %q: %w", id, projections.ErrNotFound)
	}
	return h.page(&req, from, to, positions), nil
}

// window returns which of the records a page covers.
func (req *HistoryRequest) window(length int) (from, to int, err error) {
	limit := req.Limit
	if limit == 0 {
		limit = projections.DefaultLimit
	}
	if limit < 1 || limit > projections.MaxLimit {
		return 0, 0, fmt.Errorf("%w: limit must be between 1 and %d", projections.ErrFilter, projections.MaxLimit)
	}
	at := length
	if req.Ascending {
		at = 0
	}
	if req.Cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(req.Cursor)
		if err == nil {
			at, err = strconv.Atoi(strings.TrimPrefix(string(b), "h"))
		}
		if err != nil || len(b) == 0 || b[0] != 'h' || at < 0 || at > length {
			return 0, 0, fmt.Errorf("%w: cursor is not one of ours", projections.ErrFilter)
		}
	}
	if req.Ascending {
		return at, min(at+limit, length), nil
	}
	return max(at-limit, 0), at, nil
}

// page returns the turns that were noted, in the order asked for.
func (h *history) page(req *HistoryRequest, from, to int, positions eventstore.Positions) *HistoryPage {
	page := &HistoryPage{Items: h.turns, Positions: positions}
	if page.Items == nil {
		page.Items = []projections.Turn{}
	}
	next := to
	if !req.Ascending {
		slices.Reverse(page.Items)
		next = from
	}
	if req.Ascending && to < len(h.records) || !req.Ascending && from > 0 {
		page.Next = base64.RawURLEncoding.EncodeToString([]byte("h" + strconv.Itoa(next)))
	}
	return page
}

// history notes the turns of a customer while its stream is folded.
type history struct {
	*play
	id    string
	bound projections.Bound
	turns []projections.Turn
}

// step folds one record and notes what silence brought before it and what the record did.
func (h *history) step(ctx context.Context, rec *eventstore.Record) error {
	var ev domain.Event
	if err := wire.Decode(&ev, rec.Key, rec.Value, rec.Headers); err != nil {
		return fmt.Errorf("record %s: %w", rec.Position(), err)
	}
	taken := h.takes(rec, &ev)
	var before projections.Customer
	if taken {
		h.silence(ev.Time)
		before = h.before(ev.Time)
	}
	var err error
	if h.at, err = h.folder.Fold(ctx, h.at, []eventstore.Record{*rec}); err != nil {
		return fmt.Errorf("fold one stream: %w", err)
	}
	fold, c, err := h.customer(h.id)
	if err != nil || !taken {
		return nil // it does not exist yet, or nothing happened by then
	}
	turn, changed := fold.TurnTo(&before, c, ev.Time)
	if c.Events > before.Events {
		turn.Event = &projections.Happened{ID: ev.ID, Type: ev.Type, At: ev.Time}
	}
	if turn.Event != nil || changed {
		h.turns = append(h.turns, turn)
	}
	return nil
}

// takes reports whether the record had occurred and was known by the bound.
func (h *history) takes(rec *eventstore.Record, ev *domain.Event) bool {
	return (h.bound.At == 0 || ev.Time <= h.bound.At) && (h.bound.Known == 0 || domain.InstantOf(rec.RecordedAt) <= h.bound.Known)
}

// before returns the customer as far as it was folded, as time has made it by the given instant.
func (h *history) before(until domain.Instant) projections.Customer {
	fold, c, err := h.customer(h.id)
	if err != nil {
		return *projections.NewCustomer(h.id)
	}
	s, _ := fold.At(c, until)
	return s
}

// silence notes what time alone brings the customer by an instant.
func (h *history) silence(until domain.Instant) {
	if fold, c, err := h.customer(h.id); err == nil {
		h.turns = append(h.turns, fold.Turns(c, until)...)
	}
}
