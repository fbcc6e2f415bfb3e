package statistics

import "math/big"

// Part is one part of a weighted mean.
type Part struct {
	// Weight is how much the part counts; parts without a positive weight count nothing.
	Weight int64
	// Value is exact; nil when it is missing.
	Value *big.Rat
}

// WeightedMean returns Σ weight·value / Σ weight over the parts whose value is present: the weight of a missing part goes
// to the others in proportion to theirs. It is exact, so the order of the parts does not matter, and nil when no part
// counts. The values are not changed.
func WeightedMean(parts []Part) *big.Rat {
	var sum, weights, weight, term big.Int
	// The sum is sum/common. It is reduced once at the end, as each reduction costs more than all the products.
	common := big.NewInt(1)
	for _, p := range parts {
		if p.Value == nil || p.Weight <= 0 {
			continue
		}
		weight.SetInt64(p.Weight)
		weights.Add(&weights, &weight)
		term.Mul(term.Mul(&weight, p.Value.Num()), common)
		sum.Mul(&sum, p.Value.Denom())
		sum.Add(&sum, &term)
		common.Mul(common, p.Value.Denom())
	}
	if weights.Sign() == 0 {
		return nil
	}
	return new(big.Rat).SetFrac(&sum, common.Mul(common, &weights))
}

// Thousandths returns a value in whole thousandths, halves rounded up, for sums that must not depend on their order. An
// index on a scale up to 10 can be summed and squared in Moments for more than 10¹⁰ answers.
func Thousandths(value *big.Rat) int64 {
	// ⌊(2000·a + b) / 2b⌋ for a value a/b.
	n := new(big.Int).Mul(value.Num(), big.NewInt(2000))
	n.Add(n, value.Denom())
	d := new(big.Int).Lsh(value.Denom(), 1)
	return n.Div(n, d).Int64()
}
