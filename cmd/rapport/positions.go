package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/eventstore"
)

// positionsCmd prints how far the views of the server are.
type positionsCmd struct {
	clientFlags
}

// Run reads the positions of the server and prints them.
func (c *positionsCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, nil, "v1", "positions")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).positions)
}

// positionsDocument says what the views reflect, where the log ends and how many records each partition is behind. A
// server that cannot ask the log leaves out the ends and the lag.
type positionsDocument struct {
	Positions eventstore.Positions `json:"positions"`
	Ends      eventstore.Positions `json:"ends"`
	Lag       map[int]int64        `json:"lag"`
}

func (p *printer) positions(d *positionsDocument) {
	rows := make([]table.Row, 0, len(d.Positions))
	for partition := range max(len(d.Positions), len(d.Ends)) {
		var next int64
		if partition < len(d.Positions) {
			next = d.Positions[partition]
		}
		end, lag := any(amount("")), any(amount(""))
		if partition < len(d.Ends) {
			end, lag = d.Ends[partition], d.Lag[partition]
		}
		rows = append(rows, table.Row{partition, next, end, lag})
	}
	p.table(table.Row{"PARTITION", "FOLDED TO", "END OF LOG", "LAG"}, rows)
}
