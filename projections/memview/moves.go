package memview

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// moves are the stage moves of one customer from the first one on, without what the customer and the move before tell:
// a move begins in the stage, and ends the time in it, that the one before began.
type moves []move

// move is one of them.
type move struct {
	at       domain.Instant
	evidence []string
	// policy is the version of the policy that produced the move, shared with other moves.
	policy            *string
	to                domain.Stage
	reason            projections.Reason
	inferred, wonBack bool
}

// spareMoves is how many moves a customer has before memory is taken for more than the next one.
const spareMoves = 8

// with returns the moves with m behind them. Slices that were taken before stay as they are.
func (list moves) with(m *projections.Move, policy *string) moves {
	if n := len(list); n == cap(list) && n < spareMoves {
		list = append(make(moves, 0, n+1), list...)
	}
	return append(list, move{
		at: m.At, evidence: m.Evidence, policy: policy, to: m.To, reason: m.Reason, inferred: m.Inferred, wonBack: m.WonBack,
	})
}

// of returns the moves as those of the customer with this id.
func (list moves) of(id string) []projections.Move {
	whole := make([]projections.Move, len(list))
	for i, m := range list {
		whole[i] = projections.Move{
			Customer: id, Seq: int32(i + 1), At: m.at, To: m.to, Reason: m.reason, Inferred: m.inferred, WonBack: m.wonBack,
			Evidence: m.evidence, Policy: *m.policy,
		}
		if i > 0 {
			whole[i].From, whole[i].Dwell = list[i-1].to, int64(m.at-list[i-1].at)
		}
	}
	return whole
}

// version returns a place for the version of a policy, the same one as long as the version is.
func (p *partition) version(policy string) *string {
	if p.policy == nil || *p.policy != policy {
		p.policy = &policy
	}
	return p.policy
}
