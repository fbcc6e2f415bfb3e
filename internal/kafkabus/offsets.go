package kafkabus

import "sync"

// offsets gathers the offsets to continue from, by partition, until they are committed.
type offsets struct {
	mu        sync.Mutex
	latest    map[int]int64
	committed map[int]int64
}

func newOffsets() *offsets {
	return &offsets{latest: make(map[int]int64), committed: make(map[int]int64)}
}

// mark sets the offset of a partition.
func (o *offsets) mark(partition int, next int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.latest[partition] = next
}

// commit passes the offsets that changed since the last success to do, if there are any.
func (o *offsets) commit(do func(map[int]int64) error) error {
	o.mu.Lock()
	changed := make(map[int]int64)
	for partition, next := range o.latest {
		if was, ok := o.committed[partition]; !ok || was != next {
			changed[partition] = next
		}
	}
	o.mu.Unlock()
	if len(changed) == 0 {
		return nil
	}
	if err := do(changed); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for partition, next := range changed {
		o.committed[partition] = next
	}
	return nil
}
