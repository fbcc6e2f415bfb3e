package evaluation

import (
	"math/bits"
	"slices"
)

// bootstrap fills in the intervals: between the percentiles 2.5 and 97.5 of the figure in samples of the same size, drawn
// with replacement (Efron 1979).
func (r *Ranking) bootstrap(o order, options RankOptions) {
	draw := newDraws(o, options.Seed)
	var areas []float64
	lifts := make([][]float64, len(options.Shares))
	for range options.Resamples {
		draw.again()
		all := draw.sample.total()
		if area, ok := draw.sample.area(all); ok {
			areas = append(areas, area)
		}
		for i, share := range options.Shares {
			if t := draw.sample.top(all, share); t.Lift != nil {
				lifts[i] = append(lifts[i], t.Lift.Value)
			}
		}
	}
	r.AUC.setInterval(areas, options.Resamples)
	for i, t := range r.Top {
		t.Lift.setInterval(lifts[i], options.Resamples)
	}
}

// setInterval takes the percentiles of the values of a figure in samples, of which some may have had none.
func (f *Figure) setInterval(values []float64, samples int) {
	if f == nil || 2*len(values) < samples {
		return
	}
	slices.Sort(values)
	tail := len(values) / 40
	f.Interval = &Interval{Low: values[tail], High: values[len(values)-1-tail]}
}

// draws makes samples of an order.
type draws struct {
	sample order
	// ranks holds, for each customer, the rank twice, plus 1 if the customer was lost.
	ranks []int
	state uint64
}

func newDraws(o order, seed uint64) *draws {
	d := &draws{sample: make(order, len(o)), state: seed}
	for i, r := range o {
		d.ranks = append(d.ranks, slices.Repeat([]int{2 * i}, int(r.stayed))...)
		d.ranks = append(d.ranks, slices.Repeat([]int{2*i + 1}, int(r.lost))...)
	}
	return d
}

// again draws another sample.
func (d *draws) again() {
	clear(d.sample)
	n := uint64(len(d.ranks))
	for range d.ranks {
		// The upper half of the product is even over the customers but for n parts in 2^64.
		i, _ := bits.Mul64(d.next(), n)
		rank := d.ranks[i]
		if rank&1 == 1 {
			d.sample[rank/2].lost++
		} else {
			d.sample[rank/2].stayed++
		}
	}
}

// next returns the next number of the generator SplitMix64 (Steele, Lea and Flood 2014).
func (d *draws) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
