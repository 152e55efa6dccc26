package openstacktest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// memoryURL is where a cloud without a listener seems to be.
const memoryURL = "http://openstack.test"

var errConnectionClosed = errors.New("the embedded cloud closed the connection without an answer")

// Transport returns a way to the cloud that needs no listener and no sockets:
// inside a testing/synctest bubble hours of delays pass at once. It is used
// instead of Start.
func (c *Cloud) Transport() http.RoundTripper { return transport{c} }

type transport struct{ c *Cloud }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	if t.c.isClosed() {
		return nil, errConnectionClosed
	}
	w := &memoryWriter{header: http.Header{}}
	t.c.serve(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if w.status == 0 {
		return nil, errConnectionClosed
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

func (c *Cloud) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

type memoryWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *memoryWriter) Header() http.Header         { return w.header }
func (w *memoryWriter) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w *memoryWriter) WriteHeader(status int)      { w.status = status }
