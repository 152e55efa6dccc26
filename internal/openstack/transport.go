package openstack

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

// These end a single request that never gets its answer. Nova takes up to some
// ten seconds for a create and for a long list, and minutes when it is overrun;
// what a POST that was given up has made is hard to find, so that waits longer.
const (
	attemptTimeout = 2 * time.Minute
	postTimeout    = 5 * time.Minute
)

// transport is under every request of a client: it repeats what may be
// repeated, keeps the number of requests under way within bounds, and logs.
type transport struct {
	base  http.RoundTripper
	slots chan struct{}
	retry retryPolicy
	log   func(ctx context.Context, msg string, fields map[string]any)
}

func newTransport(trust *tls.Config, maxConcurrency int, log func(context.Context, string, map[string]any)) *transport {
	base := http.DefaultTransport.(*http.Transport).Clone() // proxies from the environment, HTTP/2
	base.TLSClientConfig = trust
	base.MaxIdleConnsPerHost = maxConcurrency
	if log == nil {
		log = func(context.Context, string, map[string]any) {}
	}
	return &transport{base: base, slots: make(chan struct{}, maxConcurrency), retry: defaultRetry, log: log}
}

// RoundTrip satisfies http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
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

// rewound returns the request with its body at the beginning.
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
func (t *transport) once(req *http.Request, try int) (*http.Response, error) {
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
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = buffer(resp)
	}
	fields := map[string]any{
		"method": req.Method, "host": req.URL.Host, "path": req.URL.Path, "try": try,
		"duration": time.Since(start).Round(time.Millisecond).String(),
	}
	if err != nil {
		fields["error"] = err.Error()
		t.log(req.Context(), "OpenStack request failed", fields)
		return nil, err
	}
	fields["status"] = resp.StatusCode
	if id := requestID(resp.Header); id != "" {
		fields["request_id"] = id
	}
	t.log(req.Context(), "OpenStack request", fields)
	return resp, nil
}

func buffer(resp *http.Response) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// requestID is what the cloud's operators find a request by in their logs.
func requestID(h http.Header) string {
	if id := h.Get("X-Openstack-Request-Id"); id != "" {
		return id
	}
	return h.Get("X-Compute-Request-Id")
}
