package main

import (
	"context"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
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

// positionsDocument says where each partition stands. What a server does not know it leaves out.
type positionsDocument struct {
	Partitions []struct {
		Partition  int            `json:"partition"`
		Next       int64          `json:"next"`
		End        *int64         `json:"end"`
		LagRecords *int64         `json:"lag_records"`
		LagSeconds *float64       `json:"lag_seconds"`
		Owner      string         `json:"owner"`
		Epoch      int64          `json:"epoch"`
		Recorded   domain.Instant `json:"recorded_at"`
		Due        domain.Instant `json:"next_due_at"`
		Policy     string         `json:"policy_version"`
	} `json:"partitions"`
}

func (p *printer) positions(d *positionsDocument) {
	rows := make([]table.Row, 0, len(d.Partitions))
	for i := range d.Partitions {
		at := &d.Partitions[i]
		seconds := amount("")
		if at.LagSeconds != nil {
			seconds = amount(strconv.FormatFloat(*at.LagSeconds, 'f', 1, 64) + " s")
		}
		rows = append(rows, table.Row{
			at.Partition, at.Next, known(at.End), known(at.LagRecords), seconds, at.Owner, at.Epoch, at.Policy,
			when(at.Recorded), when(at.Due),
		})
	}
	p.table(table.Row{
		"PARTITION", "FOLDED TO", "END OF LOG", "LAG", "BEHIND", "OWNER", "EPOCH", "POLICY", "LAST RECORDED AT", "NEXT DUE AT",
	}, rows)
}

// known returns a number that a server may leave out.
func known(n *int64) amount {
	if n == nil {
		return ""
	}
	return amount(strconv.FormatInt(*n, 10))
}
