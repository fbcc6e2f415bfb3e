package memview

import (
	"hash/maphash"
	"iter"
	"math/bits"
	"unsafe"

	"github.com/rapport-crm/rapport/projections"
)

// streams is the customers of a partition, found by their ids. They lie in blocks, one behind the other: a customer takes
// its own size there, while the allocator and a map of pointers would add a fifth to it. A customer keeps its place, and
// none is ever removed. Readers may use a streams at the same time, and alone while nothing is added.
type streams struct {
	seed   maphash.Seed
	blocks [][]customer
	count  int
	// slots is a hash table of places, probed linearly. Its length is a power of two.
	slots []slot
}

// slot is a part of the hash and the place of a customer plus one; a place of zero marks an empty slot.
type slot struct{ hash, place uint32 }

// A full block has as many customers as fit into memory that the allocator hands out whole. The first blocks are smaller,
// for stores with few customers: they have 8, 16, 32 and 64.
const (
	fullBlock   = 128 << 10 / int(unsafe.Sizeof(customer{}))
	firstBlock  = 8
	smallBlocks = 4
	inSmall     = firstBlock * (1<<smallBlocks - 1)
)

// locate returns the block of a place, the place within it, and the size of the block.
func locate(place int) (block, within, size int) {
	if place < inSmall {
		block = bits.Len(uint(place/firstBlock+1)) - 1
		return block, place - firstBlock*(1<<block-1), firstBlock << block
	}
	place -= inSmall
	return smallBlocks + place/fullBlock, place % fullBlock, fullBlock
}

func newStreams() streams { return streams{seed: maphash.MakeSeed(), slots: make([]slot, 16)} }

func (s *streams) hash(id string) uint32 { return uint32(maphash.String(s.seed, id)) }

func (s *streams) len() int { return s.count }

// at returns the customer in a place.
func (s *streams) at(place int) *customer {
	block, within, _ := locate(place)
	return &s.blocks[block][within]
}

// get returns the customer with the id, or nil.
func (s *streams) get(id string) *customer {
	hash := s.hash(id)
	for i := s.first(hash); s.slots[i].place != 0; i = s.next(i) {
		if s.slots[i].hash == hash {
			if c := s.at(int(s.slots[i].place - 1)); c.ID == id {
				return c
			}
		}
	}
	return nil
}

// add adds a customer that is not there yet and returns its place in memory.
func (s *streams) add(state *projections.Customer) *customer {
	if block, _, size := locate(s.count); block == len(s.blocks) {
		s.blocks = append(s.blocks, make([]customer, size))
	}
	c := s.at(s.count)
	c.Customer = *state
	s.count++
	if s.count > len(s.slots)/5*4 {
		s.grow()
	}
	s.enter(slot{hash: s.hash(c.ID), place: uint32(s.count)})
	return c
}

// grow doubles the table.
func (s *streams) grow() {
	before := s.slots
	s.slots = make([]slot, 2*len(before))
	for _, full := range before {
		if full.place != 0 {
			s.enter(full)
		}
	}
}

func (s *streams) enter(full slot) {
	i := s.first(full.hash)
	for s.slots[i].place != 0 {
		i = s.next(i)
	}
	s.slots[i] = full
}

// first is the slot where the search for a hash begins, next the one to go on with.
func (s *streams) first(hash uint32) int { return int(hash) & (len(s.slots) - 1) }
func (s *streams) next(i int) int        { return (i + 1) & (len(s.slots) - 1) }

// all returns the customers in the order in which they were added.
func (s *streams) all() iter.Seq[*customer] {
	return func(yield func(*customer) bool) {
		for place := range s.count {
			if !yield(s.at(place)) {
				return
			}
		}
	}
}
