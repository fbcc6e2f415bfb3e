package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// benchPost posts a body to the server and reads the answer.
func (s *server) benchPost(media string, body []byte) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1/events", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode/100 != 2 {
		s.t.Fatal(res.Status, err)
	}
}

// events returns n events of as many customers, joined by sep.
func events(n int, sep string) []byte {
	all := make([]string, n)
	for i := range all {
		all[i] = purchase(fmt.Sprintf("c%d", i))
	}
	return []byte(strings.Join(all, sep))
}

func BenchmarkBatchOf1000(b *testing.B) {
	s := setup(b)
	body := append(append([]byte{'['}, events(1000, ",")...), ']')
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.benchPost(batch, body)
		}
	})
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkStreamOf20000(b *testing.B) {
	s := setup(b)
	body := events(20_000, "\n")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		s.benchPost(ndjson, body)
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkOneEventOneClient(b *testing.B) {
	s := setup(b)
	body := events(1, "")
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		s.benchPost(one, body)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
