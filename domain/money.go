package domain

// Money is an amount in the minor unit of its currency (cents, fen), so that sums are exact.
type Money struct {
	// Minor is the amount in minor units.
	Minor int64 `json:"minor"`
	// Currency is the ISO 4217 code, for example "CNY".
	Currency string `json:"currency"`
}
