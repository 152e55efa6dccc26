// Package transport sends the requests of an OpenStack client: it sends again what
// may be sent again, keeps the number of requests under way within a limit, and logs
// each request without its body and headers.
package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// These are the longest times that a single request waits for its answer. Nova takes
// up to some ten seconds for a create and for a long list, and minutes when it is
// overrun. A POST waits longer, because what an abandoned POST has made is hard to find.
const (
	attemptTimeout = 2 * time.Minute
	postTimeout    = 5 * time.Minute
)

// Log is called for each request and for each wait before a request is sent again.
// It never gets a body or a header.
type Log func(ctx context.Context, msg string, fields map[string]any)

// Transport is an http.RoundTripper that repeats, limits and logs.
type Transport struct {
	Base  http.RoundTripper // sends a request once
	retry retryPolicy
	slots chan struct{} // one for each request under way
	log   Log
}

// New returns a transport with at most maxConcurrency requests under way. It trusts
// servers by trust and takes proxies from the environment. log may be nil.
func New(trust *tls.Config, maxConcurrency int, log Log) *Transport {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = trust
	base.MaxIdleConnsPerHost = maxConcurrency
	if log == nil {
		log = func(context.Context, string, map[string]any) {}
	}
	return &Transport{Base: base, slots: make(chan struct{}, maxConcurrency), retry: defaultRetry, log: log}
}

// SetPause sets the pause before a failed request is sent the second time, for tests
// that repeat without virtual time.
func (t *Transport) SetPause(pause time.Duration) { t.retry.pause = pause }

// RoundTrip satisfies http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var n attempts
	for try := 1; ; try++ {
		resp, err := t.once(req, try)
		pause, again := t.retry.next(req, resp, err, &n, time.Now())
		if !again {
			return resp, err
		}
		t.log(req.Context(), "OpenStack request waits to be repeated", map[string]any{
			"method": req.Method, "path": req.URL.Path, "wait": pause.Round(time.Millisecond).String(),
		})
		if wait.Sleep(req.Context(), pause) != nil {
			return resp, err
		}
		if req, err = rewound(req); err != nil {
			return nil, err
		}
	}
}

// rewound returns the request with its body at the beginning again.
func rewound(req *http.Request) (*http.Request, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	if req.GetBody == nil {
		return nil, fmt.Errorf("repeat %s %s: its body can't be read twice", req.Method, req.URL.Path)
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, fmt.Errorf("repeat %s %s: %w", req.Method, req.URL.Path, err)
	}
	req = req.Clone(req.Context())
	req.Body = body
	return req, nil
}

// once sends the request and reads the whole answer, so that a connection that
// breaks within the answer counts as a failure of the request.
func (t *Transport) once(req *http.Request, try int) (*http.Response, error) {
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-req.Context().Done():
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, req.Context().Err()
	}
	start := time.Now()
	limit := attemptTimeout
	if req.Method == http.MethodPost {
		limit = postTimeout
	}
	ctx, cancel := context.WithTimeout(req.Context(), limit)
	defer cancel()
	resp, err := t.Base.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = buffer(resp)
	}
	t.logRequest(req, try, time.Since(start), resp, err)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func (t *Transport) logRequest(req *http.Request, try int, took time.Duration, resp *http.Response, err error) {
	fields := map[string]any{
		"method": req.Method, "host": req.URL.Host, "path": req.URL.Path, "try": try,
		"duration": took.Round(time.Millisecond).String(),
	}
	if err != nil {
		fields["error"] = err.Error()
		t.log(req.Context(), "OpenStack request failed", fields)
		return
	}
	fields["status"] = resp.StatusCode
	if id := RequestID(resp.Header); id != "" {
		fields["request_id"] = id
	}
	t.log(req.Context(), "OpenStack request", fields)
}

// buffer replaces the answer's body by a copy in memory.
func buffer(resp *http.Response) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// RequestID returns the ID by which the cloud's operators find a request in their
// logs; "" if the answer has none.
func RequestID(h http.Header) string {
	if id := h.Get("X-Openstack-Request-Id"); id != "" {
		return id
	}
	return h.Get("X-Compute-Request-Id")
}
