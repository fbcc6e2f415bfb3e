// Package replay answers from the log itself: the timeline of a customer, a customer or the whole as they were at an
// instant, or as they were known then.
package replay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// records is the part of the log that a Reader needs.
type records interface {
	Read(ctx context.Context, partition int, offsets []int64) ([]eventstore.Record, error)
	PartitionOf(key []byte) int
}

// index finds the records of a stream.
type index interface {
	Stream(ctx context.Context, id string) (*projections.StreamView, error)
}

// Reader reads single streams from the log through the posting lists of the views. It is safe for concurrent use.
type Reader struct {
	log   records
	index index
	fold  func() *projections.Fold
}

// NewReader returns a reader of the given log. fold returns the fold that the views of the index began with; it is called
// by concurrent goroutines.
func NewReader(log records, index index, fold func() *projections.Fold) *Reader {
	return &Reader{log: log, index: index, fold: fold}
}

// TimelineRequest selects a page of a timeline.
type TimelineRequest struct {
	// Limit is the length of the page, 1 to 500. Default: 50.
	Limit int
	// Cursor continues after the page that returned it.
	Cursor string
	// Ascending puts the oldest record first; otherwise the newest is first.
	Ascending bool
	// Types selects event types; empty selects all.
	Types []string
}

// TimelinePage is one page of a timeline, in order of version.
type TimelinePage struct {
	Items     []TimelineItem       `json:"items"`
	Next      string               `json:"next,omitempty"`
	Positions eventstore.Positions `json:"positions"`
}

// TimelineItem is one accepted event of a stream as it stands in the log.
type TimelineItem struct {
	// Version is the version the stream had with this event.
	Version     int64               `json:"version"`
	ID          string              `json:"id"`
	Source      string              `json:"source"`
	Type        string              `json:"type"`
	OccurredAt  domain.Instant      `json:"occurred_at"`
	RecordedAt  domain.Instant      `json:"recorded_at"`
	Position    eventstore.Position `json:"position"`
	Actor       string              `json:"actor,omitempty"`
	OrgUnit     string              `json:"org_unit,omitempty"`
	Channel     string              `json:"channel,omitempty"`
	CausationID string              `json:"causation_id,omitempty"`
	Data        json.RawMessage     `json:"data"`
	Extensions  map[string]string   `json:"extensions,omitempty"`
}

// Timeline returns a page of the events of a stream. It returns projections.ErrNotFound for an unknown stream and an
// error matching projections.ErrFilter for a request that cannot be answered.
func (r *Reader) Timeline(ctx context.Context, id string, req TimelineRequest) (*TimelinePage, error) {
	stream, err := r.index.Stream(ctx, id)
	if err != nil {
		return nil, err
	}
	from, limit, err := req.check(len(stream.Offsets))
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	page := &TimelinePage{Items: []TimelineItem{}, Positions: stream.Positions}
	for len(page.Items) < limit {
		versions := req.window(from, req.stretch(limit), len(stream.Offsets))
		if len(versions) == 0 {
			return page, nil
		}
		from = versions[len(versions)-1]
		items, err := r.items(ctx, stream, versions)
		if err != nil {
			return nil, fmt.Errorf("read timeline: %w", err)
		}
		for _, item := range items {
			if len(page.Items) == limit {
				break
			}
			if len(req.Types) == 0 || slices.Contains(req.Types, item.Type) {
				page.Items = append(page.Items, item)
				from = int(item.Version)
			}
		}
	}
	if len(req.window(from, 1, len(stream.Offsets))) > 0 {
		page.Next = base64.RawURLEncoding.EncodeToString([]byte("t" + strconv.Itoa(from)))
	}
	return page, nil
}

// check returns the version after which the page begins in the order asked for, and the length of the page.
func (req TimelineRequest) check(length int) (from, limit int, err error) {
	limit = req.Limit
	if limit == 0 {
		limit = projections.DefaultLimit
	}
	if limit < 1 || limit > projections.MaxLimit {
		return 0, 0, fmt.Errorf("%w: limit must be between 1 and %d", projections.ErrFilter, projections.MaxLimit)
	}
	if req.Cursor == "" {
		if !req.Ascending {
			from = length + 1
		}
		return from, limit, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(req.Cursor)
	if err == nil {
		from, err = strconv.Atoi(strings.TrimPrefix(string(b), "t"))
	}
	if err != nil || len(b) == 0 || b[0] != 't' || from < 0 {
		return 0, 0, fmt.Errorf("%w: cursor is not one of ours", projections.ErrFilter)
	}
	return from, limit, nil
}

// window returns the next n versions after from in the order asked for.
func (req TimelineRequest) window(from, n, length int) []int {
	var versions []int
	for v := from; len(versions) < n; {
		if req.Ascending {
			v++
		} else {
			v--
		}
		if v < 1 || v > length {
			break
		}
		versions = append(versions, v)
	}
	return versions
}

// filterStretch is how many records a page with a filter reads at a time.
const filterStretch = 500

// stretch returns how many records to read at a time for a page of the given length.
func (req TimelineRequest) stretch(limit int) int {
	if len(req.Types) > 0 {
		return filterStretch
	}
	return limit
}

// items reads the records of the given versions, in their order.
func (r *Reader) items(ctx context.Context, s *projections.StreamView, versions []int) ([]TimelineItem, error) {
	offsets := make([]int64, len(versions))
	for i, v := range versions {
		offsets[i] = s.Offsets[v-1]
	}
	slices.Sort(offsets)
	found, err := r.log.Read(ctx, s.Partition, offsets)
	if err != nil {
		return nil, err
	}
	items := make([]TimelineItem, len(versions))
	for i, v := range versions {
		at, ok := slices.BinarySearchFunc(found, s.Offsets[v-1], func(rec eventstore.Record, offset int64) int {
			return int(rec.Offset - offset)
		})
		if !ok {
			return nil, fmt.Errorf("record %d of partition %d is missing", s.Offsets[v-1], s.Partition)
		}
		if items[i], err = itemOf(&found[at], int64(v)); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func itemOf(rec *eventstore.Record, version int64) (TimelineItem, error) {
	var ev domain.Event
	if err := wire.Decode(&ev, rec.Key, rec.Value, rec.Headers); err != nil {
		return TimelineItem{}, fmt.Errorf("record %s: %w", rec.Position(), err)
	}
	item := TimelineItem{
		Version: version, ID: ev.ID, Source: ev.Source, Type: ev.Type, OccurredAt: ev.Time,
		RecordedAt: domain.InstantOf(rec.RecordedAt), Position: rec.Position(),
		Actor: ev.Actor, OrgUnit: ev.OrgUnit, Channel: ev.Channel, CausationID: ev.CausationID, Data: ev.Data,
	}
	if len(item.Data) == 0 {
		item.Data = json.RawMessage("null")
	}
	for _, x := range ev.Extensions {
		if item.Extensions == nil {
			item.Extensions = make(map[string]string, len(ev.Extensions))
		}
		item.Extensions[x.Name] = x.Value
	}
	return item, nil
}
