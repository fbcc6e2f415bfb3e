package projections

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// ProposalFilter selects the customers to be won back. Zero fields select everything.
type ProposalFilter struct {
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	Cause   string
	// Owner selects those whose case the employee has.
	Owner string
	// Undecided leaves those out about whom it was decided.
	Undecided bool
	// Limit is how many are returned at most. Default: 50.
	Limit int
}

// Cases returns the filter of the cases that the list is made from: of customers who are lost.
func (f ProposalFilter) Cases() CaseFilter {
	return CaseFilter{Kind: CaseLoss, Status: CaseOpen, OrgUnit: f.OrgUnit, Topic: f.Cause, Holder: f.Owner, Limit: AllCases}
}

// WinBackProposals are the customers who are lost and may be won back (CHN-08, CHN-09), those with the highest worth first,
// and of equal worth those lost the longest. Nobody is proposed who was let go, whose case was closed, whose relationship
// ended, who left an invoice unpaid, or who left for a cause that the policy leaves alone (CHN-20). Its JSON form is part of
// the public contract.
type WinBackProposals struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Total is how many customers there are, also those beyond the limit.
	Total int               `json:"total"`
	Items []WinBackProposal `json:"items"`
	// LeftAlone counts the others who are lost, by the first reason that holds.
	LeftAlone     []LossCount `json:"left_alone"`
	PolicyVersion string      `json:"policy_version"`
}

// WinBackProposal is one customer to be won back.
type WinBackProposal struct {
	Customer string         `json:"customer"`
	LossID   string         `json:"loss_id"`
	OrgUnit  string         `json:"org_unit,omitempty"`
	LostAt   domain.Instant `json:"lost_at"`
	// AgeDays is for how many whole days the customer has been lost.
	AgeDays int64 `json:"age_days"`
	// Band is the band of the policy (value.amount) in which the worth lies, from 1; that of the currency with the highest.
	Band   int        `json:"band"`
	Detail LossDetail `json:"detail"`
}

// NewWinBackProposals returns the list from all cases that filter.Cases selects. It fails on a case that is no loss.
func NewWinBackProposals(page *CasePage, filter ProposalFilter) (*WinBackProposals, error) {
	all, err := readLosses(page)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l *knownLoss) bool { return !l.open() })
	p := &WinBackProposals{
		AsOf: page.AsOf, Positions: page.Positions, LeftAlone: leftAlone(all), Items: []WinBackProposal{}, PolicyVersion: page.Policy.Version,
	}
	for _, l := range all {
		if l.alone != "" || l.WinBack != nil && l.WinBack.ClosedAt != 0 || filter.Undecided && l.Decision != "" {
			continue
		}
		p.Items = append(p.Items, WinBackProposal{
			Customer: l.Customer, LossID: l.ID, OrgUnit: l.OrgUnit, LostAt: l.Opened, AgeDays: int64((page.AsOf - l.Opened) / domain.Day),
			Band: band(l.Worth, page.Policy.Value.Amount), Detail: *l.LossDetail,
		})
	}
	slices.SortFunc(p.Items, func(a, b WinBackProposal) int {
		return cmp.Or(cmp.Compare(b.Band, a.Band), cmp.Compare(a.LostAt, b.LostAt), cmp.Compare(a.Customer, b.Customer))
	})
	p.Total = len(p.Items)
	if limit := cmp.Or(filter.Limit, 50); len(p.Items) > limit {
		p.Items = p.Items[:limit]
	}
	return p, nil
}

// band returns the highest band in which one of the amounts lies, from 1.
func band(worth []CurrencyAmount, edges []int64) int {
	highest := 1
	for _, w := range worth {
		i, reached := slices.BinarySearch(edges, w.Minor)
		if reached {
			i++
		}
		highest = max(highest, i+1)
	}
	return highest
}
