package projections

import "slices"

// pageOf puts the items in order and returns the first of them that come after the given one, nil for the beginning: at
// most limit, and whether there are more.
func pageOf[T any](all []T, limit int, after *T, compare func(a, b *T) int) (items []T, more bool) {
	slices.SortFunc(all, func(a, b T) int { return compare(&a, &b) })
	if after != nil {
		i, found := slices.BinarySearchFunc(all, after, func(a T, b *T) int { return compare(&a, b) })
		if found {
			i++
		}
		all = all[i:]
	}
	if len(all) > limit {
		return all[:limit], true
	}
	return orEmpty(all), false
}
