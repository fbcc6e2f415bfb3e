package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/projections"
)

// webhookReceiver takes deliveries over HTTP and keeps that each webhook-id stands for one output.
type webhookReceiver struct {
	*ledger
	mu sync.Mutex
	// outputs has the id of the output by the id of its delivery, and deliveries the other way round.
	outputs, deliveries map[string]string
}

// receiveWebhooks subscribes to all outputs, in order, of any age.
func receiveWebhooks(t *testing.T, api string) *webhookReceiver {
	t.Helper()
	r := &webhookReceiver{ledger: newLedger(), outputs: make(map[string]string), deliveries: make(map[string]string)}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	body, err := json.Marshal(map[string]any{"url": server.URL, "ordered": true, "old_news": true})
	if err != nil {
		t.Fatal(err)
	}
	if a := ask(t.Context(), http.MethodPost, api+"/v1/webhooks", body, []string{"Content-Type", "application/json"}); a.status != http.StatusCreated {
		t.Fatalf("the webhook was answered with %s", a)
	}
	return r
}

// ServeHTTP takes a delivery.
func (r *webhookReceiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	output, delivery := r.take(body), request.Header.Get("webhook-id")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outputs[delivery] == "" && r.deliveries[output] == "" {
		r.outputs[delivery], r.deliveries[output] = output, delivery
	}
	if r.outputs[delivery] != output || r.deliveries[output] != delivery {
		r.blame(fmt.Errorf("delivery %s is of %s and of %s, which is delivery %s", delivery, r.outputs[delivery], output, r.deliveries[output]))
	}
}

// streamReader follows the stream of outputs on one node after the other, each time behind the last id that it has.
type streamReader struct {
	*ledger
	urls   []string
	cursor string
}

// perNode is after how many outputs a stream reader goes to the next node, besides when a node ends the stream.
const perNode = 50

// readStream reads the stream from its beginning until the test has ended.
func readStream(t *testing.T, urls []string) *streamReader {
	t.Helper()
	r := &streamReader{ledger: newLedger(), urls: urls, cursor: "1"}
	ctx, stop := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	reading.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			if err := r.follow(ctx, urls[n%len(urls)]); err != nil {
				r.blame(err)
			}
		}
	})
	t.Cleanup(func() { stop(); reading.Wait() })
	return r
}

// follow reads from one node until it has so many outputs, the node ends the stream or cannot be reached, or the time limit
// of the client does. The error is an answer that nothing explains.
func (r *streamReader) follow(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/stream", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Last-Event-ID", r.cursor)
	response, err := client.Do(request)
	if err != nil {
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
		return nil
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		err := unanswered(answer{status: response.StatusCode})
		if _, refused := errors.AsType[*refusedError](err); refused {
			return fmt.Errorf("the stream is refused: %w", err)
		}
		return nil
	}
	lines, id := bufio.NewScanner(response.Body), ""
	for n := 0; n < perNode && lines.Scan(); {
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "id":
			id = value
		case "data":
			r.take([]byte(value))
		case "": // the event is whole
			r.cursor = id
			n++
		}
	}
	return nil
}

// topicReader reads all output topics in a consumer group, which it leaves and joins again at every restart.
type topicReader struct {
	*ledger
	t       *testing.T
	broker  string
	bus     *kafkabus.Subscriber
	reading sync.WaitGroup
}

// readTopics reads the topics from their beginning until the test has ended.
func readTopics(t *testing.T, broker string) *topicReader {
	t.Helper()
	r := &topicReader{ledger: newLedger(), t: t, broker: broker}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *topicReader) start() {
	r.t.Helper()
	bus, err := kafkabus.NewSubscriber(kafkabus.SubscriberConfig{
		Connection: kafkabus.Connection{Brokers: []string{r.broker}}, Group: "receivers",
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.bus = bus
	for _, topic := range projections.OutputTopics() {
		messages, err := bus.Subscribe(r.t.Context(), topic.String())
		if err != nil {
			r.t.Fatal(err)
		}
		r.reading.Go(func() {
			for m := range messages {
				r.take(m.Payload)
				m.Ack()
			}
		})
	}
}

func (r *topicReader) stop() {
	_ = r.bus.Close() // it always returns nil
	r.reading.Wait()
}

func (r *topicReader) restart() {
	r.t.Helper()
	r.stop()
	r.start()
}
