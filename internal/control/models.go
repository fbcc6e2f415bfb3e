package control

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

const modelFitted = "model.fitted"

// Recorded says where a fitted model takes effect.
type Recorded struct {
	// At is from when on it holds, by the clock of the log; zero when it was in force everywhere already.
	At domain.Instant `json:"recorded_at"`
	// Positions are the places of the records, in the partitions where the model was not in force yet.
	Positions []eventstore.Position `json:"positions"`
	// IDs are the ids of the records, in the same order.
	IDs []string `json:"ids"`
}

// RecordModel puts a fitted model in force in every partition from here on. The ids of the records follow from the
// partition and the data, so the same fit has the same ids whenever it is recorded. A partition where the model is in force
// gets no record (base is the policy in force where none was published): to record a fit again adds nothing, and after ErrUnavailable it completes what is missing. The error is a
// *domain.Invalid when the data is no model that has a role, or its parameters are not those of the model.
func (w *Writer) RecordModel(ctx context.Context, base *domain.Policy, data *domain.ModelFitted, actor string) (*Recorded, error) {
	recorded := &Recorded{Positions: []eventstore.Position{}, IDs: []string{}}
	role, model, err := data.Fitted()
	if err != nil {
		return nil, fmt.Errorf("record model %s: %w", data.Model, err)
	}
	views, err := w.views.Partitions(ctx)
	if err != nil {
		return nil, fmt.Errorf("record model %s: %w", data.Model, err)
	}
	inForce, err := w.policies(ctx, base)
	if err != nil {
		return nil, fmt.Errorf("record model %s: %w", data.Model, err)
	}
	for p := range w.log.Partitions() {
		policy := inForce[p]
		if before, ok := policy.Models[string(role)]; ok && before.Equal(model) {
			continue
		}
		clock, _ := Clock(policy, newest(views), w.now())
		record, id, err := modelRecord(p, clock, actor, data)
		if err != nil {
			return nil, fmt.Errorf("record model %s: %w", data.Model, err)
		}
		appended, err := w.log.AppendTo(ctx, p, []eventstore.Record{record})
		if err != nil {
			return nil, fmt.Errorf("record model %s in partition %d: %w", data.Model, p, unavailable(err))
		}
		recorded.At = clock
		recorded.Positions, recorded.IDs = append(recorded.Positions, appended[0].Position), append(recorded.IDs, id)
	}
	return recorded, nil
}

// modelRecord returns the record of a fitted model, and its id.
func modelRecord(partition int, at domain.Instant, actor string, data *domain.ModelFitted) (eventstore.Record, string, error) {
	body, err := json.Marshal(data)
	if err != nil {
		return eventstore.Record{}, "", err
	}
	id := domain.DerivedID(modelFitted, strconv.Itoa(partition), string(body))
	record, err := seal(id, modelFitted, at, actor, body)
	return record, id, err
}

// policies returns the policy that was published last in each partition, base where none was.
func (w *Writer) policies(ctx context.Context, base *domain.Policy) ([]*domain.Policy, error) {
	list, err := w.views.Policies(ctx)
	if err != nil {
		return nil, err
	}
	last := make([]int64, w.log.Partitions())
	latest := make([]*projections.PolicyView, len(last))
	for i := range list {
		for _, at := range list[i].Positions {
			if p := at.Partition; latest[p] == nil || at.Offset > last[p] {
				last[p], latest[p] = at.Offset, &list[i]
			}
		}
	}
	policies := make([]*domain.Policy, len(last))
	for p, view := range latest {
		policies[p] = base
		if view == nil {
			continue
		}
		if policies[p], err = domain.ParsePolicy([]byte(view.Document)); err != nil {
			return nil, fmt.Errorf("policy in force in partition %d: %w", p, err)
		}
	}
	return policies, nil
}
