// Package transport sends the requests of an OpenStack client: it sends again what
// may be sent again, keeps the number of requests under way within a limit, and logs
// each request without its body and headers.
package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// Log is called for each request and for each wait before a request is sent again.
// It never gets a body or a header.
type Log func(ctx context.Context, msg string, fields map[string]any)

// Transport is an http.RoundTripper that repeats, limits and logs.
type Transport struct {
	Base   http.RoundTripper // sends a request once
	limits limits
	retry  retryPolicy
	slots  chan struct{} // one for each request under way
	log    Log
}

// Options are the settings of a transport.
type Options struct {
	TLS            *tls.Config   // by which servers are trusted
	MaxConcurrency int           // requests under way at most
	RequestTimeout time.Duration // the longest time of a request; 0: by the kind of request
	MaxRetries     *int          // repetitions of a request; nil: by the kind of failure
	Log            Log           // may be nil
}

// New returns a transport, which takes proxies from the environment.
func New(o Options) *Transport {
	l := limitsOf(o.RequestTimeout)
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = o.TLS
	base.MaxIdleConnsPerHost = o.MaxConcurrency
	base.TLSHandshakeTimeout = l.dial
	base.DialContext = (&net.Dialer{Timeout: l.dial, KeepAliveConfig: keepAlive}).DialContext
	log := o.Log
	if log == nil {
		log = func(context.Context, string, map[string]any) {}
	}
	return &Transport{Base: base, limits: l, retry: retryPolicyOf(o.MaxRetries), slots: make(chan struct{}, o.MaxConcurrency), log: log}
}

// SetPause sets the pause before a failed request is sent the second time, for tests
// that repeat without virtual time.
func (t *Transport) SetPause(pause time.Duration) { t.retry.pause = pause }

// RoundTrip satisfies http.RoundTripper. A request has its time once: tries that fail
// and the pauses between them share it. After an answer that asks to come back later
// it has the whole time again.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var n attempts
	limit := t.limits.of(req)
	left := limit
	for try := 1; ; try++ {
		resp, took, err := t.once(req, try, left)
		if errors.Is(err, errAttemptOver) {
			return nil, &NoAnswerError{Host: req.URL.Host, After: limit, Err: err}
		}
		pause, again := t.retry.next(req, resp, err, &n, time.Now())
		if left -= took + pause; err == nil && saysLater(resp) {
			left = limit
		}
		if !again || left <= 0 {
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
// breaks within the answer counts as a failure of the request. It returns how long
// that took, without the wait for a slot. The error is errAttemptOver after the limit.
func (t *Transport) once(req *http.Request, try int, limit time.Duration) (*http.Response, time.Duration, error) {
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-req.Context().Done():
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, 0, req.Context().Err()
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(req.Context(), limit)
	defer cancel()
	resp, err := t.Base.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = buffer(resp)
	}
	if err != nil && ctx.Err() != nil && req.Context().Err() == nil {
		err = fmt.Errorf("%w: %w", errAttemptOver, err)
	}
	took := time.Since(start)
	t.logRequest(req, try, took, resp, err)
	if err != nil {
		return nil, took, err
	}
	return resp, took, nil
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

// largestAnswer bounds an answer in bytes. A page of 1,000 servers, the most that Nova
// shows at once, takes some MB.
const largestAnswer = 64 << 20

// buffer replaces the answer's body by a copy in memory.
func buffer(resp *http.Response) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer+1))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(body) > largestAnswer {
		return ErrAnswerTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// ErrAnswerTooLarge is the error for an answer of more than 64 MiB.
var ErrAnswerTooLarge = fmt.Errorf("the answer is larger than %d MiB", largestAnswer>>20)

// requestID is the form of an ID: "req-" and a UUID, or what a proxy writes.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,80}$`)

// RequestID returns the ID by which the cloud's operators find a request in their
// logs; "" if the answer has none.
func RequestID(h http.Header) string {
	for _, name := range []string{"X-Openstack-Request-Id", "X-Compute-Request-Id"} {
		if id := h.Get(name); requestID.MatchString(id) {
			return id
		}
	}
	return ""
}
