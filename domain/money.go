package domain

// MostMinor is the greatest amount that a sum comes to, in minor units, and -MostMinor the least: the difference of two sums,
// or the sum of a few, is then always a number. No amount in an event is as much as a hundredth of it.
const MostMinor = 1 << 60

// AddMinor returns the sum of two amounts in minor units, each of them no more than MostMinor, or MostMinor when it is more,
// so that a customer with impossible amounts is one with the greatest sum and not one with a negative one.
func AddMinor(a, b int64) int64 { return max(-MostMinor, min(MostMinor, a+b)) }

// Money is an amount in the minor unit of its currency (cents, fen), so that sums are exact.
type Money struct {
	// Minor is the amount in minor units.
	Minor int64 `json:"minor"`
	// Currency is the ISO 4217 code, for example "CNY".
	Currency string `json:"currency"`
}
