package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// parkedInput is the parameters of the list of parked streams.
type parkedInput struct {
	AfterParam
	PageParams
}

// parkedView is one page of the streams whose records wait.
type parkedView struct {
	Items []parkedItem `json:"items" nullable:"false"`
	Next  string       `json:"next,omitempty"`
}

// parkedItem is one stream whose records wait because the fold broke down on one of them.
type parkedItem struct {
	Partition int                 `json:"partition"`
	Customer  string              `json:"customer"`
	Position  eventstore.Position `json:"position" doc:"The record on which the fold broke down."`
	At        domain.Instant      `json:"parked_at" doc:"When that record was recorded."`
	Error     string              `json:"error" doc:"What the fold broke down with, and where."`
	Queue     int64               `json:"queue" doc:"How many records wait."`
}

// redrivenView is the place of the record that has a stream folded, and what came of it.
type redrivenView struct {
	Position eventstore.Position `json:"position"`
	Parked   *bool               `json:"parked,omitempty" doc:"Whether the stream is parked still, or again; known after a wait only."`
}

// addParked registers what is about streams that are parked.
func (a *api) addParked() {
	read(a, "/v1/parked", "parked", "Streams whose records wait because the fold broke down, the oldest first", a.parked, 504)
	if a.Control == nil {
		return
	}
	limit := domain.MaxID
	a.order(ordering{
		path: "/v1/parked/{stream}/redrive", id: "redrive-stream", summary: "Fold the records of a parked stream",
		description: "The records are folded in their order. When the fold breaks down again, the stream stays parked.",
		parameter: &huma.Param{
			Name: "stream", In: "path", Required: true, Description: "The id of the customer, or org: or employee: and an id.",
			Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &limit},
		},
		answers: map[int]answered{
			http.StatusAccepted: {"The log has the order.", redrivenView{}},
			http.StatusOK:       {"The records were folded, or the fold broke down again.", redrivenView{}},
		},
		problems: []int{404},
		carry:    a.redriveStream,
	})
}

func (a *api) parked(ctx context.Context, in *parkedInput) (*answer[parkedView], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	// Positions first: the page may show more than they cover, never less.
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	parked, err := a.Query.Parked(ctx, projections.ParkedFilter{Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	view := parkedView{Items: make([]parkedItem, len(parked.Items)), Next: parked.Next}
	for i := range parked.Items {
		k := &parked.Items[i]
		view.Items[i] = parkedItem{
			Partition: k.Partition, Customer: k.Customer, Position: eventstore.Position{Partition: k.Partition, Offset: k.Offset},
			At: k.At, Error: k.Error, Queue: k.Queue,
		}
	}
	return &answer[parkedView]{positionText(reflected), view}, nil
}

func (a *api) redriveStream(o *order) (*done, error) {
	stream := o.r.PathValue("stream")
	at, err := a.Control.RedriveStream(o.r.Context(), stream, o.actor)
	if err != nil {
		return nil, err
	}
	out := o.noted(at, redrivenView{Position: at})
	if out.status != http.StatusOK {
		return out, nil
	}
	parked, err := a.Query.Parked(o.r.Context(), projections.ParkedFilter{Stream: stream})
	if err != nil {
		return nil, err
	}
	still := len(parked.Items) > 0
	out.body = redrivenView{Position: at, Parked: &still}
	return out, nil
}
