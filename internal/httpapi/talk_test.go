package httpapi_test

import (
	"bufio"
	"io"
	"net/http"
)

// talk is a request whose body is sent while its answer is read.
type talk struct {
	s       *server
	body    *io.PipeWriter
	answers chan *http.Response
	res     *http.Response
	reader  *bufio.Reader
}

// talk begins a request to the front door.
func (s *server) talk(media string) *talk {
	s.t.Helper()
	in, out := io.Pipe()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1/events", in)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	k := &talk{s: s, body: out, answers: make(chan *http.Response, 1)}
	go func() {
		defer close(k.answers)
		if res, err := s.client.Do(req); err == nil { //nolint:bodyclose // end closes it
			k.answers <- res
		}
	}()
	return k
}

func (k *talk) send(text string) {
	k.s.t.Helper()
	if _, err := io.WriteString(k.body, text); err != nil {
		k.s.t.Fatal(err)
	}
}

// receive returns the next line of the answer.
func (k *talk) receive() string {
	k.s.t.Helper()
	if k.res == nil {
		res, ok := <-k.answers
		if !ok {
			k.s.t.Fatal("there is no answer")
		}
		k.res, k.reader = res, bufio.NewReader(res.Body)
	}
	line, err := k.reader.ReadString('\n')
	if err != nil {
		k.s.t.Fatalf("%v after %q", err, line)
	}
	return line
}

// end ends the request and reads the rest of the answer, which it returns.
func (k *talk) end() string {
	k.s.t.Helper()
	if err := k.body.Close(); err != nil {
		k.s.t.Error(err)
	}
	defer k.res.Body.Close()
	rest, err := io.ReadAll(k.reader)
	if err != nil {
		k.s.t.Fatal(err)
	}
	return string(rest)
}
