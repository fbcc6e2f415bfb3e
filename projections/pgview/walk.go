package pgview

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// Walk calls use with every customer below a unit. It reads the states as a stream, so that memory does not grow with their
// number.
func (s *Store) Walk(ctx context.Context, orgUnit string, use func(*projections.Fold, *projections.Customer, domain.Instant)) (*projections.Moment, error) {
	var of *projections.Moment
	err := s.read(ctx, func(tx pgx.Tx, now moment) error {
		of = &projections.Moment{AsOf: now.newest, Positions: now.positions, Policy: now.policy}
		l := list{conditions: []string{"is_customer", "events > 0"}}
		if !l.filter(projections.CustomerFilter{OrgUnit: orgUnit}) {
			return nil
		}
		rows, err := tx.Query(ctx, s.sql("SELECT id, partition, state FROM {g}.customers WHERE "+l.all()), l.arguments...)
		if err != nil {
			return err
		}
		return now.each(rows, func(fold *projections.Fold, c *projections.Customer) {
			at := max(now.newest, c.Now)
			snapshot, _ := fold.At(c, at)
			use(fold, &snapshot, at)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("walk through the customers: %w", err)
	}
	return of, nil
}

// each calls use with the customer of each row of id, partition and state, and the fold in force for it.
func (now *moment) each(rows pgx.Rows, use func(*projections.Fold, *projections.Customer)) error {
	var id string
	var partition int
	var state pgtype.DriverBytes
	_, err := pgx.ForEachRow(rows, []any{&id, &partition, &state}, func() error {
		c := projections.Customer{ID: id}
		if err := c.LoadState(state); err != nil {
			return fmt.Errorf("customer %q: %w", id, err)
		}
		use(now.folds[partition], &c)
		return nil
	})
	return err
}

// classPlaces returns the places of a class of value by partition, -1 where there is none of that name.
func (now *moment) classPlaces(name string) []int16 {
	places := make([]int16, len(now.folds))
	for p, fold := range now.folds {
		if places[p] = int16(fold.ClassPlace(name)); places[p] == 0 {
			places[p] = -1
		}
	}
	return places
}
