package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

// benchRows is the number of rows of the files of the benchmarks.
const benchRows = 400_000

// benchFile writes a table like that of CDNOW, or the same purchases as CloudEvents.
func benchFile(b *testing.B, format Format) string {
	b.Helper()
	var text strings.Builder
	for i := range benchRows {
		customer, day := i*7919%50_000, 1+i*31%28
		if format == CDNow {
			fmt.Fprintf(&text, " %05d 199701%02d  %d   %d.%02d\r\n", customer, day, 1+i%5, i%100, i%97)
			continue
		}
		fmt.Fprintf(&text, `{"specversion":"1.0","id":"0199a1b2-c3d4-7000-8000-%012d","source":"/shop","type":"purchase.recorded",`+
			`"subject":"cdnow-%05d","time":"1997-01-%02dT00:00:00Z","data":{"amount":{"minor":%d,"currency":"USD"},"quantity":%d}}`+"\n",
			i, customer, day, i%10_000, 1+i%5)
	}
	path := filepath.Join(b.TempDir(), "bench")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkRead(b *testing.B) {
	for _, format := range []Format{CDNow, CloudEvents} {
		b.Run(string(format), func(b *testing.B) {
			path := benchFile(b, format)
			b.ReportAllocs()
			for b.Loop() {
				f := openFile(b, path, FileOptions{Format: format})
				n := 0
				for _, err := range f.Rows(0) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != benchRows {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkImport measures everything from the file to the acknowledgement of an embedded broker that syncs its log.
func BenchmarkImport(b *testing.B) {
	for _, format := range []Format{CDNow, CloudEvents} {
		b.Run(string(format), func(b *testing.B) {
			path := benchFile(b, format)
			embedded, err := broker.Open(broker.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer embedded.Close()
			cfg := eventstore.Config{Brokers: []string{embedded.Addr()}, Partitions: 4}
			if err := eventstore.CreateTopic(b.Context(), cfg); err != nil {
				b.Fatal(err)
			}
			log, err := eventstore.Open(b.Context(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer log.Close()
			for b.Loop() {
				importFile(b, log, path, FileOptions{Format: format})
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "events/s")
		})
	}
}
