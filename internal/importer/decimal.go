package importer

import (
	"strconv"
	"strings"
)

// decimal is a decimal number as text, so that nothing is rounded.
type decimal struct {
	negative bool
	// whole has no leading zeros but for the number 0 itself; fraction is what stands after the point.
	whole, fraction string
}

// parseDecimal reads an optional sign, digits, and optionally a point and digits.
func parseDecimal(text string) (decimal, bool) {
	var d decimal
	rest := strings.TrimPrefix(text, "-")
	if d.negative = rest != text; !d.negative {
		rest = strings.TrimPrefix(rest, "+")
	}
	whole, fraction, point := strings.Cut(rest, ".")
	if !isDigits(whole) || !isDigits(fraction) || whole == "" && fraction == "" || point && fraction == "" {
		return decimal{}, false
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	d.whole, d.fraction = whole, fraction
	return d, true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// signed returns digits with the sign of the number. Zero has none.
func (d decimal) signed(digits string) string {
	if d.negative && strings.Trim(digits, "0.") != "" {
		return "-" + digits
	}
	return digits
}

// minor returns the number in units of 10^-places, and false when it is not a whole number of them or does not fit.
func (d decimal) minor(places int) (int64, bool) {
	fraction := d.fraction
	if len(fraction) > places {
		if strings.Trim(fraction[places:], "0") != "" {
			return 0, false
		}
		fraction = fraction[:places]
	}
	if len(d.whole)+places > 18 {
		return 0, false
	}
	n, err := strconv.ParseInt(d.whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil {
		return 0, false
	}
	if d.negative {
		n = -n
	}
	return n, true
}
