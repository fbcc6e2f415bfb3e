package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// caseFlags select and order the cases of a list.
type caseFlags struct {
	clientFlags
	afterFlag
	pageFlags
	listFlags
	Status   string `help:"Only those that stand so now: open (near and overdue ones too), near, overdue, ended."`
	OrgUnit  string `help:"Only those of this unit and the units below it." placeholder:"PATH"`
	Holder   string `help:"Only those that this employee or department has now." placeholder:"EMPLOYEE"`
	Customer string `help:"Only those of this customer." placeholder:"ID"`
	Topic    string `help:"Only those of this topic: a subject, the name of a deadline, an item."`
	From     string `help:"Only those opened then or later, RFC 3339 or a date." placeholder:"TIME"`
	To       string `help:"Only those opened before then." placeholder:"TIME"`
	Sort     string `help:"Order: the newest first with --sort=-opened_at, or those due first with --sort=due_at." placeholder:"ORDER"`
}

// listFlags say how much of a list is printed, and as what.
type listFlags struct {
	All bool `help:"Print the whole list, page by page."`
	CSV bool `help:"Print comma-separated values."`
}

// caseRow is one case with what is known of a case of its kind.
type caseRow[D any] struct {
	Customer string                 `json:"customer"`
	ID       string                 `json:"id"`
	OrgUnit  string                 `json:"org_unit"`
	Holder   string                 `json:"holder"`
	Topic    string                 `json:"topic"`
	Opened   domain.Instant         `json:"opened_at"`
	Ended    domain.Instant         `json:"ended_at"`
	Due      domain.Instant         `json:"due_at"`
	Status   projections.CaseStatus `json:"status"`
	Detail   D                      `json:"detail"`
}

// casesDocument is a list of cases as it is read back.
type casesDocument[D any] struct {
	Items []caseRow[D]   `json:"items"`
	Next  string         `json:"next"`
	AsOf  domain.Instant `json:"as_of"`
}

// printCases reads cases at a path and prints them as rows.
func printCases[D any](ctx context.Context, a *app, f *caseFlags, path string, header table.Row, row func(*caseRow[D]) table.Row) error {
	from, err := timeFlag("--from", f.From)
	if err != nil {
		return err
	}
	to, err := timeFlag("--to", f.To)
	if err != nil {
		return err
	}
	document, err := f.list(ctx, f.clientFlags, f.pageFlags, []string{
		"status", f.Status, "org_unit", f.OrgUnit, "holder", f.Holder, "customer", f.Customer, "topic", f.Topic,
		"from", from, "to", to, "sort", f.Sort, "after", f.After,
	}, append([]string{"v1"}, strings.Split(path, "/")...)...)
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *casesDocument[D]) {
		p.csv = f.CSV
		rows := make([]table.Row, len(page.Items))
		for i := range page.Items {
			rows[i] = row(&page.Items[i])
		}
		p.table(header, rows)
		a.nextPage(page.Next)
	})
}

// list reads a list: one page, or all of it as one document.
func (f *listFlags) list(ctx context.Context, client clientFlags, page pageFlags, parameters []string, path ...string) ([]byte, error) {
	get := func(limit, cursor string) ([]byte, error) {
		return client.get(ctx, query(append([]string{"limit", limit, "cursor", cursor}, parameters...)...), path...)
	}
	if !f.All {
		return get(page.limit(), page.Cursor)
	}
	items, cursor := []json.RawMessage{}, page.Cursor
	for {
		document, err := get(strconv.Itoa(projections.MaxLimit), cursor)
		if err != nil {
			return nil, err
		}
		var part struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next"`
		}
		if err := json.Unmarshal(document, &part); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		items = append(items, part.Items...)
		switch part.Next {
		case "":
			return withItems(document, items)
		case cursor:
			return nil, errors.New("read the list: a page is followed by itself")
		}
		cursor = part.Next
	}
}

// withItems returns the last page of a list with the items of all pages.
func withItems(document []byte, items []json.RawMessage) ([]byte, error) {
	var whole map[string]json.RawMessage
	err := json.Unmarshal(document, &whole)
	if err == nil {
		whole["items"], err = json.Marshal(items)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	delete(whole, "next")
	return json.Marshal(whole)
}

// monthFlags select the months and the unit of a report.
type monthFlags struct {
	clientFlags
	afterFlag
	From    string `help:"First month the report covers, for example 2026-03." placeholder:"MONTH"`
	To      string `help:"Last month the report covers." placeholder:"MONTH"`
	OrgUnit string `help:"Only this unit and the units below it." placeholder:"PATH"`
}

// report reads a report at a path; the parameters come beside those of the flags.
func (f *monthFlags) report(ctx context.Context, path []string, parameters ...string) ([]byte, error) {
	return f.get(ctx, query(append([]string{"from", f.From, "to", f.To, "org_unit", f.OrgUnit, "after", f.After}, parameters...)...), path...)
}
