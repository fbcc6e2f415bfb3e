package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// headerPosition names the header that says which records an answer reflects, or where a record was appended. The
// parameter after takes its value.
const headerPosition = "Rapport-Position"

// positionText returns the value of the header for positions. A single element is the place of the last record, like
// the position of an event; that keeps the two forms apart for a log with one partition.
func positionText(ps eventstore.Positions) string {
	switch {
	case len(ps) != 1:
		return ps.String()
	case ps[0] == 0:
		return ""
	default:
		return eventstore.Position{Offset: ps[0] - 1}.String()
	}
}

// covering returns the positions that cover the record at p and everything before it.
func covering(p eventstore.Position) eventstore.Positions {
	ps := make(eventstore.Positions, p.Partition+1)
	ps[p.Partition] = p.Offset + 1
	return ps
}

// parseAfter reads the value of the parameter after.
func parseAfter(s string) (eventstore.Positions, error) {
	if !strings.Contains(s, ",") {
		p, err := eventstore.ParsePosition(s)
		return covering(p), err
	}
	return eventstore.ParsePositions(s)
}

// wait returns once the views reflect the positions in after, at once when it is empty. It returns a problem when they
// do not within the limit, and at once when they never will because the log has no such partition.
func (a *api) wait(ctx context.Context, after string) error {
	if after == "" {
		return nil
	}
	until, err := parseAfter(after)
	if err != nil {
		return parameter("after", domain.RuleFormat, "must be a position such as 3:1204, or several such as 0:12,1:7")
	}
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return err
	}
	if len(until) > len(reflected) {
		return parameter("after", domain.RuleMax, fmt.Sprintf("must name partitions of the log, of which the last is %d", len(reflected)-1))
	}
	limited, cancel := context.WithTimeout(ctx, a.WaitLimit)
	defer cancel()
	switch err := a.Waiter.Wait(limited, until); {
	case err == nil:
		return nil
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return kindNotReached.problem(fmt.Sprintf("Waited %s.", a.WaitLimit))
	default:
		return err
	}
}
