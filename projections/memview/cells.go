package memview

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/projections"
)

// Cells returns the cells that the filter selects.
func (s *Store) Cells(_ context.Context, filter projections.CellFilter) (*projections.CellView, error) {
	var view *projections.CellView
	s.withStanding(func(st *projections.Standing) {
		sum := make(projections.CellSum)
		for _, p := range s.partitions {
			sum.Add(p.rollups.Cells, &filter)
		}
		sum.Add(st.SilentCells, &filter)
		view = &projections.CellView{AsOf: st.AsOf, Positions: st.Positions, Policy: st.Policy, Cells: sum.Sorted()}
	})
	return view, nil
}

// Cases returns the cases that the filter selects.
func (s *Store) Cases(_ context.Context, filter projections.CaseFilter) (*projections.CasePage, error) {
	defer s.lockAll()()
	now := s.newest()
	selection, err := projections.NewCaseSelection(filter, now)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	for _, p := range s.partitions {
		for c := range p.customers.all() {
			stream := &c.Customer
			if due := c.NextDue(); filter.Kind.MovesInSilence() && due != 0 && due <= now {
				snapshot, _ := p.fold.At(stream, now)
				stream = &snapshot
			}
			if !filter.MayWant(stream) {
				continue
			}
			for _, x := range stream.Cases(filter.Kind) {
				selection.Add(x)
			}
		}
	}
	page := &projections.CasePage{AsOf: now, Positions: s.positions(), Policy: s.latestPolicy()}
	page.Items, page.Next = selection.Page()
	return page, nil
}
