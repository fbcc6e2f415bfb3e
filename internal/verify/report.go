package verify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections/refold"
)

// ListedDifferences is how many differences a report lists; the others are counted.
const ListedDifferences = 20

// Report says what a verification found. Its JSON form is part of the public contract.
type Report struct {
	// Checked is how many streams were compared, Different how many of them, and of the other things there are, differ.
	Checked   int64 `json:"checked"`
	Different int64 `json:"different"`
	// DigestLive is the digest of the views and DigestLog that of the log; empty when a sample was taken.
	DigestLive string `json:"digest_live"`
	DigestLog  string `json:"digest_log"`
	// Positions are where views and log were compared.
	Positions eventstore.Positions `json:"positions"`
	// Differences are the first differences in order of kind, partition and id.
	Differences []refold.Difference `json:"differences"`

	mu sync.Mutex
}

// Same reports whether nothing differs.
func (r *Report) Same() bool { return r.Different == 0 && r.DigestLive == r.DigestLog }

// add counts a difference and lists it when it is among the first ones.
func (r *Report) add(d refold.Difference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Different++
	i, _ := slices.BinarySearchFunc(r.Differences, d, compare)
	if i < ListedDifferences {
		r.Differences = slices.Insert(r.Differences, i, d)
		r.Differences = r.Differences[:min(len(r.Differences), ListedDifferences)]
	}
}

func (r *Report) checked(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Checked += n
}

func compare(a, b refold.Difference) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Partition, b.Partition), strings.Compare(a.ID, b.ID))
}

// fields compares two values by the members of their JSON objects, without those that are left out.
func fields(live, log any, without ...string) ([]refold.Field, error) {
	shown, err := members(live)
	if err != nil {
		return nil, err
	}
	had, err := members(log)
	if err != nil {
		return nil, err
	}
	names := make(map[string]json.RawMessage)
	maps.Copy(names, shown)
	maps.Copy(names, had)
	var different []refold.Field
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a, b := string(shown[name]), string(had[name]); a != b && !slices.Contains(without, name) {
			different = append(different, refold.Field{Name: name, Live: cmp.Or(a, refold.Absent), Log: cmp.Or(b, refold.Absent)})
		}
	}
	return different, nil
}

func members(value any) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	m := make(map[string]json.RawMessage)
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return m, nil
}
