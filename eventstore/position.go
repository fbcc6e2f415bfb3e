package eventstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxPartitions bounds the partition numbers that are accepted from text, so that a short input cannot ask for a large
// allocation. Kafka clusters stay far below it for one topic.
const maxPartitions = 1 << 16

// Position is the place of one record in the log. Its text form is "3:1204": partition, colon, offset.
type Position struct {
	Partition int
	Offset    int64
}

// String returns the text form.
func (p Position) String() string {
	return strconv.Itoa(p.Partition) + ":" + strconv.FormatInt(p.Offset, 10)
}

// MarshalText returns the text form.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText sets p from the text form.
func (p *Position) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePosition(string(text))
	return err
}

// ParsePosition returns the Position whose text form is s.
func ParsePosition(s string) (Position, error) {
	partition, offset, ok := strings.Cut(s, ":")
	if !ok {
		return Position{}, fmt.Errorf("parse position %q: no colon", s)
	}
	p, err := strconv.ParseUint(partition, 10, 31)
	if err != nil {
		return Position{}, fmt.Errorf("parse position %q: partition: %w", s, err)
	}
	if p >= maxPartitions {
		return Position{}, fmt.Errorf("parse position %q: partition is not below %d", s, maxPartitions)
	}
	o, err := strconv.ParseUint(offset, 10, 63)
	if err != nil {
		return Position{}, fmt.Errorf("parse position %q: offset: %w", s, err)
	}
	return Position{Partition: int(p), Offset: int64(o)}, nil
}

// Positions says how much of each partition is covered: the element of a partition is the offset after the last one
// covered, so 0 covers nothing. A partition past the end of the slice is not covered at all. The text form is
// "0:12,1:7", in order of partition; the JSON form is {"0":12,"1":7}.
type Positions []int64

// ParsePositions returns the Positions whose text form is s. The empty string covers nothing. A partition that is left
// out covers nothing; one that is named twice is an error.
func ParsePositions(s string) (Positions, error) {
	var ps Positions
	if s == "" {
		return ps, nil
	}
	var seen []int
	for part := range strings.SplitSeq(s, ",") {
		p, err := ParsePosition(part)
		if err != nil {
			return nil, fmt.Errorf("parse positions: %w", err)
		}
		if slices.Contains(seen, p.Partition) {
			return nil, fmt.Errorf("parse positions %q: partition %d is named twice", s, p.Partition)
		}
		seen = append(seen, p.Partition)
		ps = ps.grown(p.Partition + 1)
		ps[p.Partition] = p.Offset
	}
	return ps, nil
}

// String returns the text form.
func (ps Positions) String() string {
	var b strings.Builder
	for partition, next := range ps {
		if partition > 0 {
			b.WriteByte(',')
		}
		b.WriteString(Position{Partition: partition, Offset: next}.String())
	}
	return b.String()
}

// Covers reports whether the record at p is covered.
func (ps Positions) Covers(p Position) bool {
	return p.Partition >= 0 && p.Partition < len(ps) && p.Offset < ps[p.Partition]
}

// Reached reports whether ps covers everything that other covers.
func (ps Positions) Reached(other Positions) bool {
	for partition, next := range other {
		if next > 0 && (partition >= len(ps) || ps[partition] < next) {
			return false
		}
	}
	return true
}

// Max returns, in a new slice, the Positions that cover what ps or other covers.
func (ps Positions) Max(other Positions) Positions {
	merged := slices.Clone(ps).grown(len(other))
	for partition, next := range other {
		merged[partition] = max(merged[partition], next)
	}
	return merged
}

// Clone returns a copy that shares nothing with ps.
func (ps Positions) Clone() Positions { return slices.Clone(ps) }

// MarshalJSON returns the JSON form.
func (ps Positions) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for partition, next := range ps {
		if partition > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = strconv.AppendInt(b, int64(partition), 10)
		b = append(b, '"', ':')
		b = strconv.AppendInt(b, next, 10)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON sets ps from the JSON form.
func (ps *Positions) UnmarshalJSON(data []byte) error {
	var object map[string]int64
	if err := json.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("parse positions: %w", err)
	}
	var parsed Positions
	for key, next := range object {
		p, err := ParsePosition(key + ":" + strconv.FormatInt(next, 10))
		if err != nil {
			return err
		}
		parsed = parsed.grown(p.Partition + 1)
		parsed[p.Partition] = p.Offset
	}
	*ps = parsed
	return nil
}

// grown returns ps with at least n elements.
func (ps Positions) grown(n int) Positions {
	if n <= len(ps) {
		return ps
	}
	return append(ps, make(Positions, n-len(ps))...)
}
