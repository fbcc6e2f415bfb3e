package pgview

import "github.com/rapport-crm/rapport/projections"

// moveColumns are the columns of the table moves.
const moveColumns = "customer, seq, at, from_stage, to_stage, reason, inferred, won_back, dwell, evidence, policy"

// encodeMove appends a row of the table moves. It returns no error.
func encodeMove(b *copyBuffer, m *projections.Move) error {
	b.row(11)
	b.text(m.Customer)
	b.integer(int64(m.Seq))
	b.bigint(int64(m.At))
	b.smallint(int64(m.From))
	b.smallint(int64(m.To))
	b.smallint(int64(m.Reason))
	b.boolean(m.Inferred)
	b.boolean(m.WonBack)
	b.bigint(m.Dwell)
	b.texts(m.Evidence)
	b.text(m.Policy)
	return nil
}
