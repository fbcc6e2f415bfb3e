package httpapi

import (
	"context"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// rebuildsView is the generations of the views.
type rebuildsView struct {
	Items []generationView `json:"items" nullable:"false" doc:"The oldest first. Views in memory have none."`
}

// generationView is a complete set of views in the database.
type generationView struct {
	ID            int                  `json:"id"`
	Name          string               `json:"name" doc:"The schema of its tables."`
	State         pgview.State         `json:"state" enum:"loading,building,live,kept" doc:"loading: a rebuild fills its tables; building: it is folded and was not shown yet; live: the one that is shown; kept: it was live and can be shown again."`
	Era           int                  `json:"era" doc:"Goes up when a generation with other results is shown."`
	PolicyVersion string               `json:"policy_version" doc:"The policy it begins with."`
	Partitions    int                  `json:"partitions"`
	Customers     int64                `json:"customers" doc:"The customers in all stages; of a generation that is loaded, those that are in its tables."`
	Positions     eventstore.Positions `json:"positions" doc:"How far it is folded."`
	Usable        bool                 `json:"usable" doc:"Whether this version of the program can read it."`
	CreatedAt     time.Time            `json:"created_at"`
	ShownAt       time.Time            `json:"shown_at,omitzero" doc:"When it was made live the last time."`
	Note          string               `json:"note,omitempty"`
	Rebuild       *rebuildView         `json:"rebuild,omitempty" doc:"The rebuild that makes or made it."`
}

// rebuildView says how far a rebuild is.
type rebuildView struct {
	Phase      pgview.Phase           `json:"phase" enum:"loading,indexing,catching_up,switching,different,done" doc:"loading: the log is folded into its tables; indexing: keys and indexes are made; catching_up: it follows the live generation; switching: it is compared and shown; different: it was not shown because it differs; done: it was shown."`
	Detail     string                 `json:"detail,omitempty"`
	Running    bool                   `json:"running" doc:"Whether a process is at work on it. One that ended early goes on where it stopped when it is started again."`
	Done       float64                `json:"done" doc:"The part of the log that is loaded, 0 to 1."`
	StartedAt  time.Time              `json:"started_at"`
	UpdatedAt  time.Time              `json:"updated_at" doc:"When the process reported last."`
	Partitions []rebuildPartitionView `json:"partitions" nullable:"false"`
}

// rebuildPartitionView says how far the loading of a partition is.
type rebuildPartitionView struct {
	Partition int     `json:"partition"`
	Pinned    int64   `json:"pinned" doc:"The offset before which all records are loaded; what follows is caught up with later."`
	Records   int64   `json:"records" doc:"How many of them are loaded, or stand for the part that is."`
	Done      float64 `json:"done" doc:"The part of them that is loaded, 0 to 1."`
	Seconds   float64 `json:"seconds" doc:"How long it took so far."`
	Rate      float64 `json:"records_per_second" doc:"0 while nothing is known."`
	Remaining float64 `json:"remaining_seconds" doc:"How long the rest will take at that rate; 0 while nothing is known, or nothing is left."`
}

// addRebuilds registers what is about generations of the views.
func (a *api) addRebuilds() {
	read(a, "/v1/rebuilds", "rebuilds", "The generations of the views, and how far rebuilds are", a.rebuilds)
}

func (a *api) rebuilds(ctx context.Context, _ *struct{}) (*answer[rebuildsView], error) {
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	generations, err := a.Generations(ctx)
	if err != nil {
		return nil, err
	}
	view := rebuildsView{Items: make([]generationView, len(generations))}
	for i := range generations {
		view.Items[i] = viewOfGeneration(&generations[i])
	}
	return &answer[rebuildsView]{positionText(reflected), view}, nil
}

func viewOfGeneration(g *pgview.GenerationStatus) generationView {
	view := generationView{
		ID: g.ID, Name: g.Name, State: g.State, Era: g.Era, PolicyVersion: g.PolicyVersion, Partitions: g.Partitions, Customers: g.Customers,
		Positions: g.Positions, Usable: g.Usable, CreatedAt: g.CreatedAt, ShownAt: g.ShownAt, Note: g.Note,
	}
	if g.Rebuild != nil {
		view.Rebuild = viewOfRebuild(g.Rebuild)
	}
	return view
}

func viewOfRebuild(r *pgview.RebuildStatus) *rebuildView {
	view := &rebuildView{
		Phase: r.Phase, Detail: r.Detail, Running: r.Running, Done: r.Done(), StartedAt: r.StartedAt, UpdatedAt: r.UpdatedAt,
		Partitions: make([]rebuildPartitionView, len(r.Partitions)),
	}
	for i, p := range r.Partitions {
		view.Partitions[i] = rebuildPartitionView{
			Partition: p.Partition, Pinned: p.Pinned, Records: p.Records(), Done: p.Done(), Seconds: p.Seconds,
			Rate: p.Rate(), Remaining: p.Remaining().Seconds(),
		}
	}
	return view
}
