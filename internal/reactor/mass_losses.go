package reactor

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// observed is the type of the event that tells of a mass loss.
const observed = "mass_loss.observed"

// lossViews is what the reactor of mass losses reads.
type lossViews interface {
	Positions(ctx context.Context) (eventstore.Positions, error)
	Cells(ctx context.Context, filter projections.CellFilter) (*projections.CellView, error)
	Cases(ctx context.Context, filter projections.CaseFilter) (*projections.CasePage, error)
}

// MassLosses notices that in the current month, or in the one before it, unusually many customers of an organisation unit
// were reported lost for one cause and with one product (CHN-10), and says so in the stream of the unit with one
// mass_loss.observed. It is for one goroutine.
type MassLosses struct {
	views    lossViews
	log      log
	progress progress
	door     door
	options  Options
	// told are the ids of the mass losses that need no more attention, by month.
	told map[string]domain.Month
	// from is the first month to look at, zero before the first look; seen is where the views were at the last one.
	from domain.Month
	seen eventstore.Positions
}

// NewMassLosses returns a reactor. It starts nothing.
func NewMassLosses(views lossViews, log log, progress progress, door door, options Options) *MassLosses {
	return &MassLosses{
		views: views, log: log, progress: progress, door: door, options: options.withDefaults(), told: make(map[string]domain.Month),
	}
}

// Run tells of the mass losses of the units whose streams are in the given partitions, until ctx ends. What fails is tried
// again, after pauses that grow to a minute.
func (m *MassLosses) Run(ctx context.Context, partitions []int) error {
	return m.options.repeat(ctx, "mass losses", func(ctx context.Context) error { return m.look(ctx, partitions) })
}

// look tells of the mass losses that are not told yet, unless nothing has come to the views since the last look.
func (m *MassLosses) look(ctx context.Context, partitions []int) error {
	positions, err := m.views.Positions(ctx)
	if err != nil {
		return fmt.Errorf("look for mass losses: %w", err)
	}
	if m.seen.Reached(positions) && len(m.seen) > 0 {
		return nil
	}
	groups, err := m.groups(ctx, partitions)
	if err != nil {
		return fmt.Errorf("look for mass losses: %w", err)
	}
	for i := range groups {
		if err := m.handle(ctx, &groups[i]); err != nil {
			return fmt.Errorf("tell of the mass loss of %s in %s: %w", groups[i].Month, groups[i].Unit, err)
		}
	}
	m.seen = positions
	return nil
}

// groups returns the groups that are a mass loss and of which it is not known that they are told.
func (m *MassLosses) groups(ctx context.Context, partitions []int) ([]projections.MassLossGroup, error) {
	view, err := m.views.Cells(ctx, projections.MassLossCells(m.from))
	if err != nil {
		return nil, err
	}
	m.from = domain.DateOf(view.AsOf, view.Policy.Location()).Month() - 1
	for id, month := range m.told {
		if month < m.from {
			delete(m.told, id)
		}
	}
	return slices.DeleteFunc(projections.MassLossGroups(view), func(g projections.MassLossGroup) bool {
		_, told := m.told[g.ID()]
		return told || !slices.Contains(partitions, m.log.PartitionOf([]byte(g.Stream())))
	}), nil
}

// handle tells of the mass loss, unless somebody did. The views are read when they have taken in all that was in the log, so
// that one of which was told, by whatever node, is not told again.
func (m *MassLosses) handle(ctx context.Context, g *projections.MassLossGroup) error {
	ends, err := m.log.Ends(ctx)
	if err != nil {
		return err
	}
	if err := m.progress.Wait(ctx, ends); err != nil {
		return err
	}
	known, err := m.known(ctx, g)
	if err != nil {
		return err
	}
	if !known {
		if known, err = m.tell(ctx, g); err != nil {
			return err
		}
	}
	if known {
		m.told[g.ID()] = g.Month
	}
	return nil
}

// known reports whether the unit has been told of the mass loss.
func (m *MassLosses) known(ctx context.Context, g *projections.MassLossGroup) (bool, error) {
	page, err := m.views.Cases(ctx, projections.CaseFilter{
		Kind: projections.CaseMassLoss, Customer: g.Stream(), Topic: g.Cause, Limit: projections.AllCases,
	})
	if err != nil {
		return false, err
	}
	for i := range page.Items {
		var d projections.MassLossDetail
		if err := json.Unmarshal(page.Items[i].Detail, &d); err != nil {
			return false, fmt.Errorf("read mass loss %s: %w", page.Items[i].ID, err)
		}
		if d.Month == g.Month.String() && d.Cause == g.Cause && d.Product == g.Product {
			return true, nil
		}
	}
	return false, nil
}

// tell appends the event of the mass loss and reports whether nothing is left to do. While the losses are fewer than a moment
// ago, because one of them got another cause, there is nothing to tell.
func (m *MassLosses) tell(ctx context.Context, g *projections.MassLossGroup) (bool, error) {
	page, err := m.views.Cases(ctx, g.Cases())
	if err != nil {
		return false, err
	}
	losses, enough, err := g.First(page)
	if err != nil || !enough {
		return false, err
	}
	results, err := m.door.Append(ctx, []domain.Event{observation(g, losses)})
	if err != nil {
		return false, err
	}
	if results[0].Status == ingest.Invalid {
		m.options.Logger.LogAttrs(ctx, slog.LevelWarn, "organisation unit cannot be told of a mass loss", slog.String("org_unit", g.Unit),
			slog.String("month", g.Month.String()), slog.String("reason", results[0].Problems[0].Message))
		return true, nil
	}
	m.options.Logger.LogAttrs(ctx, slog.LevelInfo, "mass loss observed", slog.String("org_unit", g.Unit), slog.String("month", g.Month.String()),
		slog.String("cause", g.Cause), slog.String("product", g.Product), slog.Int64("losses", g.Losses))
	return true, nil
}

// observation returns the event that tells of a mass loss. It happened with the last of the losses that make it one, and
// says the same whoever makes it.
func observation(g *projections.MassLossGroup, losses []projections.Case) domain.Event {
	ids := make([]string, min(len(losses), projections.MostMassLossEvidence))
	for i := range ids {
		ids[i] = losses[i].ID
	}
	data, err := json.Marshal(domain.MassLossObserved{
		Month: g.Month.String(), Cause: g.Cause, Product: g.Product, Losses: int64(len(losses)), Evidence: ids,
	})
	if err != nil {
		panic("reactor: texts and a number cannot be written: " + err.Error())
	}
	return domain.Event{
		ID: g.ID(), Source: source, Type: observed, Subject: g.Stream(), Time: losses[len(losses)-1].Opened, OrgUnit: g.Unit,
		ExpectedVersion: domain.NoExpectation, Data: data,
	}
}
