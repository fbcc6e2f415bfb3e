package memview

import (
	"cmp"
	"container/heap"

	"github.com/rapport-crm/rapport/domain"
)

// dues finds the customers of a partition whose timers are due. An entry is left behind when the timer of its customer
// changes, and passed over when it comes to the top.
type dues struct {
	heap dueHeap
}

// due says that a customer's next timer was due at an instant when the entry was made.
type due struct {
	at       domain.Instant
	customer *customer
}

func newDues(customers *streams) *dues {
	d := new(dues)
	for c := range customers.all() {
		if at := c.NextDue(); at != 0 {
			d.heap = append(d.heap, due{at, c})
		}
	}
	heap.Init(&d.heap)
	return d
}

// settle forgets the entries that were left behind once they outnumber the customers.
func (d *dues) settle(customers *streams) {
	if len(d.heap) > 2*customers.len()+1024 {
		*d = *newDues(customers)
	}
}

// add enters the customer with its next timer, if it has one.
func (d *dues) add(c *customer) {
	if at := c.NextDue(); at != 0 {
		heap.Push(&d.heap, due{at, c})
	}
}

// next returns when the next timer is due, zero when none is set.
func (d *dues) next() domain.Instant {
	for len(d.heap) > 0 {
		if top := d.heap[0]; top.customer.NextDue() == top.at {
			return top.at
		}
		heap.Pop(&d.heap)
	}
	return 0
}

// until returns the customers with a timer at or before the instant, in the order of (due, id), at most limit. They stay
// entered: a batch that is rolled back leaves their timers as they were, and a committed one leaves the entries behind.
func (d *dues) until(at domain.Instant, limit int) []*customer {
	var found []due
	var customers []*customer
	for len(customers) < limit {
		next := d.next()
		if next == 0 || next > at {
			break
		}
		top := heap.Pop(&d.heap).(due)
		found = append(found, top)
		// The same entry may have been made twice.
		if n := len(customers); n == 0 || customers[n-1] != top.customer {
			customers = append(customers, top.customer)
		}
	}
	for _, f := range found {
		heap.Push(&d.heap, f)
	}
	return customers
}

type dueHeap []due

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].customer.ID, h[j].customer.ID)) < 0
}

func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *dueHeap) Push(x any) { *h = append(*h, x.(due)) }

func (h *dueHeap) Pop() any {
	old := *h
	n := len(old) - 1
	x := old[n]
	old[n] = due{}
	*h = old[:n]
	return x
}
