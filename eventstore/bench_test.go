package eventstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/internal/broker"
)

// sample returns n records of some 300 bytes: JSON that differs from record to record as real events do.
func sample(n int) []Record {
	random := rand.New(rand.NewPCG(1, 2))
	records := make([]Record, n)
	for i := range records {
		customer := random.IntN(100_000)
		records[i] = Record{
			Key: fmt.Appendf(nil, "cust-%08d", customer),
			Value: fmt.Appendf(nil, `{"order_id":"o-%016x","amount":{"minor":%d,"currency":"EUR"},"lines":[{"sku":"SKU-%05d","quantity":%d},{"sku":"SKU-%05d","quantity":1}],"channel":"%s","store":"store-%03d","note":"%x"}`,
				random.Uint64(), random.IntN(100_000), random.IntN(5000), 1+random.IntN(5), random.IntN(5000),
				[]string{"web", "phone", "branch"}[random.IntN(3)], random.IntN(200), random.Uint64()),
			Headers: []Header{
				{Key: "ce_id", Value: fmt.Appendf(nil, "%016x-%016x", random.Uint64(), random.Uint64())},
				{Key: "ce_type", Value: []byte("order.placed.v1")},
			},
		}
	}
	return records
}

// fill appends n records and returns the ends of the partitions.
func fill(b *testing.B, l *Log, n int) Positions {
	b.Helper()
	records := sample(10_000)
	for done := 0; done < n; done += len(records) {
		if _, err := l.Append(b.Context(), records); err != nil {
			b.Fatal(err)
		}
	}
	ends, err := l.Ends(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return ends
}

func reportEvents(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("records=%d", size), func(b *testing.B) {
			l := openTestLog(b, broker.Options{Dir: b.TempDir()}, 4)
			records := sample(size)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if _, err := l.Append(b.Context(), records); err != nil {
					b.Fatal(err)
				}
				n += size
			}
			reportEvents(b, n)
		})
	}
}

// BenchmarkAppendConcurrently has 64 callers append one record at a time.
func BenchmarkAppendConcurrently(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("sync=%t", !noSync), func(b *testing.B) {
			l := openTestLog(b, broker.Options{Dir: b.TempDir(), NoSync: noSync}, 4)
			records := sample(4096)
			b.SetParallelism(64 / runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := rand.IntN(4096); pb.Next(); i++ {
					if _, err := l.Append(b.Context(), records[i%4096:i%4096+1]); err != nil {
						b.Error(err)
					}
				}
			})
			reportEvents(b, b.N)
		})
	}
}

// BenchmarkFollow reads a log of 400,000 records, all partitions at a time.
func BenchmarkFollow(b *testing.B) {
	for _, window := range []int{256 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("window=%dKiB", window>>10), func(b *testing.B) {
			l := openTestLog(b, broker.Options{Dir: b.TempDir(), NoSync: true}, 4)
			ends := fill(b, l, 400_000)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n += total(b, ends, func(partition int, end int64) (int, error) {
					count := 0
					for batch, err := range l.Follow(b.Context(), partition, 0, FollowOptions{Until: end, WindowBytes: window}) {
						if err != nil {
							return count, err
						}
						count += len(batch.Records)
					}
					return count, nil
				})
			}
			reportEvents(b, n)
		})
	}
}

// BenchmarkFollowPeer reads the same log with kafka-go's batches, the fastest way that library offers.
func BenchmarkFollowPeer(b *testing.B) {
	l := openTestLog(b, broker.Options{Dir: b.TempDir(), NoSync: true}, 4)
	ends := fill(b, l, 400_000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += total(b, ends, func(partition int, end int64) (int, error) {
			conn, err := kafka.DialLeader(b.Context(), "tcp", l.cfg.Brokers[0], l.cfg.Topic, partition)
			if err != nil {
				return 0, err
			}
			defer func() { _ = conn.Close() }()
			count := 0
			for int64(count) < end {
				batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
				for {
					if _, err := batch.ReadMessage(); err != nil {
						break
					}
					count++
				}
				if err := batch.Close(); err != nil {
					return count, err
				}
			}
			return count, nil
		})
	}
	reportEvents(b, n)
}

// total runs read for every partition at the same time and returns the sum.
func total(b *testing.B, ends Positions, read func(partition int, end int64) (int, error)) int {
	b.Helper()
	counts := make([]int, len(ends))
	errs := make([]error, len(ends))
	var wg sync.WaitGroup
	for partition, end := range ends {
		wg.Go(func() { counts[partition], errs[partition] = read(partition, end) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	sum := 0
	for partition, count := range counts {
		if int64(count) != ends[partition] {
			b.Fatalf("partition %d: %d records, want %d", partition, count, ends[partition])
		}
		sum += count
	}
	return sum
}

// BenchmarkRead reads 100 records that lie far apart, as those of one customer do.
func BenchmarkRead(b *testing.B) {
	l := openTestLog(b, broker.Options{Dir: b.TempDir(), NoSync: true}, 1)
	end := fill(b, l, 200_000)[0]
	var offsets []int64
	for i := range int64(100) {
		offsets = append(offsets, i*(end/100))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Read(b.Context(), 0, offsets); err != nil {
			b.Fatal(err)
		}
	}
}
