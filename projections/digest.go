package projections

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
)

// Digest is a fingerprint of what people can see: states, moves and roll-ups. Two sets of views with the same content
// have the same digest, whatever the order, the batches and the partitions they were folded in. Digests of parts are
// added; adding the negative takes a part away.
type Digest [2]uint64

// Add returns the sum of both digests.
func (d Digest) Add(o Digest) Digest { return Digest{d[0] + o[0], d[1] + o[1]} }

// Sub returns d without o.
func (d Digest) Sub(o Digest) Digest { return Digest{d[0] - o[0], d[1] - o[1]} }

// String returns the digest in 32 hexadecimal digits.
func (d Digest) String() string { return fmt.Sprintf("%016x%016x", d[0], d[1]) }

// digestSeed is the seed of the second half of a digest.
const digestSeed = 0x5261_7070_6f72_7421

// digestOf fingerprints a row. The second half is seeded, so that the two are independent.
func digestOf(row []byte) Digest {
	var seeded xxhash.Digest
	seeded.ResetWithSeed(digestSeed)
	_, _ = seeded.Write(row) // never fails
	return Digest{xxhash.Sum64(row), seeded.Sum64()}
}

// Digest returns the fingerprint of the state of the stream. A stream without a folded event has none. buf is scratch
// memory and may be nil; the grown buffer is returned.
func (c *Customer) Digest(buf []byte) (Digest, []byte) {
	buf = c.AppendState(buf[:0])
	return c.DigestOf(buf), buf
}

// DigestOf is Digest for those who have the state in the form of AppendState already.
func (c *Customer) DigestOf(state []byte) Digest {
	if c.Events == 0 {
		return Digest{}
	}
	var plain, seeded xxhash.Digest
	plain.Reset()
	seeded.ResetWithSeed(digestSeed)
	for _, sum := range []*xxhash.Digest{&plain, &seeded} {
		// Writing to a sum never fails.
		_, _ = sum.WriteString("customer\x00")
		_, _ = sum.WriteString(c.ID)
		_, _ = sum.WriteString("\x00")
		_, _ = sum.Write(state)
	}
	return Digest{plain.Sum64(), seeded.Sum64()}
}

// Digest returns the fingerprint of the move.
func (m *Move) Digest() Digest {
	k := coder{buf: make([]byte, 0, 256), writing: true}
	k.buf = append(k.buf, "move\x00"...)
	row := *m
	k.string(&row.Customer)
	number(&k, &row.Seq)
	k.instant(&row.At)
	number(&k, &row.From)
	number(&k, &row.To)
	number(&k, &row.Reason)
	k.bool(&row.Inferred)
	k.bool(&row.WonBack)
	number(&k, &row.Dwell)
	list(&k, &row.Evidence, stringElement)
	k.string(&row.Policy)
	return digestOf(k.buf)
}

// Digest returns the fingerprint of the roll-ups. Verdicts are left out: a repeated delivery counts there and changes
// nothing that people see. Sums that are zero count as absent. Cells are left out too: DigestOfCells is theirs.
func (r *Rollups) Digest() Digest {
	var d Digest
	add := func(kind string, key string, values ...int64) {
		if !slices.ContainsFunc(values, func(v int64) bool { return v != 0 }) {
			return
		}
		row := append([]byte("rollup\x00"+kind+"\x00"), key...)
		row = append(row, 0)
		for _, v := range values {
			row = binary.AppendVarint(row, v)
		}
		d = d.Add(digestOf(row))
	}
	add("late", "", r.Late)
	for s, n := range r.Stages {
		add("stage", domain.Stage(s).String(), n)
	}
	for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
		add("warning", level.String(), r.Warnings[level])
	}
	for name, n := range r.Types {
		add("type", name, n)
	}
	for k, f := range r.Flows {
		add("flow", fmt.Sprintf("%d %d %d %t", k.Day, k.From, k.To, k.WonBack), f.Count, f.Dwell)
	}
	for k, n := range r.Cohorts {
		add("cohort", fmt.Sprintf("%d %d", k.Cohort, k.Month), n)
	}
	for kind, n := range r.Open {
		add("open", string(kind), n)
	}
	for currency, s := range r.Trade {
		add("trade", currency, s.Purchases, s.Purchased, s.Returns, s.Returned)
	}
	return d
}

// SortedFlows returns the keys of the flows in order of day, from, to.
func (r *Rollups) SortedFlows() []FlowKey {
	return slices.SortedFunc(maps.Keys(r.Flows), func(a, b FlowKey) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), compareBool(a.WonBack, b.WonBack))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
