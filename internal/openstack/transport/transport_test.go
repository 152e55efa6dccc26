package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// roundTripper answers requests from a function; n counts from 1.
type roundTripper func(n int, req *http.Request) (*http.Response, error)

func answer(status int, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// scripted is a transport whose requests are answered by respond.
func scripted(respond roundTripper) (*Transport, *atomic.Int64) {
	var sent atomic.Int64
	t := New(Options{TLS: &tls.Config{}, MaxConcurrency: 4})
	t.Base = baseFunc(func(req *http.Request) (*http.Response, error) { return respond(int(sent.Add(1)), req) })
	return t, &sent
}

type baseFunc func(*http.Request) (*http.Response, error)

func (f baseFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

var (
	errBroken  = io.ErrUnexpectedEOF
	errRefused = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	errDNS     = &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}
	errTrust   = &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
)

func TestWhatIsRepeated(t *testing.T) {
	type result struct {
		resp *http.Response
		err  error
	}
	say := func(status int, header ...string) func() result {
		return func() result { return result{answer(status, header...), nil} }
	}
	fail := func(err error) func() result { return func() result { return result{nil, err} } }
	tests := map[string]struct {
		method, path string
		answers      []func() result // the last one goes on for ever
		sent         int
		least        time.Duration // that all of it takes
		most         time.Duration
	}{
		"GET after 503":                 {"GET", "/servers", []func() result{say(503), say(200)}, 2, 250 * time.Millisecond, time.Second},
		"GET gives up":                  {"GET", "/servers", []func() result{say(500)}, 4, 0, 5 * time.Second},
		"PUT and DELETE may be twice":   {"DELETE", "/servers/1", []func() result{say(502), say(404)}, 2, 0, time.Second},
		"GET after a broken connection": {"GET", "/servers", []func() result{fail(errBroken), say(200)}, 2, 0, time.Second},
		"never 501":                     {"GET", "/x", []func() result{say(501)}, 1, 0, 0},
		"never a refusal":               {"GET", "/x", []func() result{say(404)}, 1, 0, 0},
		"not what DNS does not know":    {"GET", "/x", []func() result{fail(errDNS)}, 1, 0, 0},
		"not an untrusted certificate":  {"GET", "/x", []func() result{fail(errTrust)}, 1, 0, 0},
		"503 says when":                 {"GET", "/x", []func() result{say(503, "Retry-After", "7"), say(200)}, 2, 7 * time.Second, 8 * time.Second},

		"POST never after 503":                       {"POST", "/servers", []func() result{say(503)}, 1, 0, 0},
		"POST never after 503, even if it says when": {"POST", "/servers", []func() result{say(503, "Retry-After", "1")}, 1, 0, 0},
		"POST never after a broken connection":       {"POST", "/servers", []func() result{fail(errBroken)}, 1, 0, 0},
		"POST after a connection that never was":     {"POST", "/servers", []func() result{fail(errRefused), say(202)}, 2, 0, time.Second},
		"POST after 429: it was refused":             {"POST", "/servers", []func() result{say(429, "Retry-After", "3"), say(202)}, 2, 3 * time.Second, 4 * time.Second},
		"POST after 413 that says when":              {"POST", "/servers", []func() result{say(413, "Retry-After", "3"), say(202)}, 2, 3 * time.Second, 4 * time.Second},
		"POST never after 413 that does not":         {"POST", "/servers", []func() result{say(413)}, 1, 0, 0},
		"PUT of a tag after 503":                     {"PUT", "/compute/v2.1/servers/1/tags/t", []func() result{say(503), say(204)}, 2, 0, time.Second},
		"PUT of metadata never after 503":            {"PUT", "/compute/v2.1/servers/1/metadata", []func() result{say(503)}, 1, 0, 0},
		"PUT of metadata never after a broken one":   {"PUT", "/compute/v2.1/servers/1/metadata", []func() result{fail(errBroken)}, 1, 0, 0},
		"PUT of metadata after 429: it was refused":  {"PUT", "/compute/v2.1/servers/1/metadata", []func() result{say(429), say(200)}, 2, 0, time.Second},
		"PUT of metadata that was never sent":        {"PUT", "/compute/v2.1/servers/1/metadata", []func() result{fail(errRefused), say(200)}, 2, 0, time.Second},
		"a login may be twice":                       {"POST", "/v3/auth/tokens", []func() result{say(503), say(201)}, 2, 0, time.Second},

		"429 without a time: longer each time": {"GET", "/x", []func() result{say(429)}, 9, 15 * time.Second, 3 * time.Minute},
		"429 with an hour is not waited for":   {"GET", "/x", []func() result{say(429, "Retry-After", "3600")}, 1, 0, 0},
		"429 with a date":                      {"GET", "/x", []func() result{say(429, "Retry-After", "Sat, 01 Jan 2000 00:00:05 GMT"), say(200)}, 2, 5 * time.Second, 6 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock starts at 2000-01-01
				transport, sent := scripted(func(n int, req *http.Request) (*http.Response, error) {
					if body, _ := io.ReadAll(req.Body); string(body) != "the body" {
						t.Errorf("try %d has body %q", n, body)
					}
					r := test.answers[min(n, len(test.answers))-1]()
					return r.resp, r.err
				})
				req, err := http.NewRequestWithContext(t.Context(), test.method, "http://nova"+test.path, bytes.NewReader([]byte("the body")))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				resp, err := transport.RoundTrip(req)
				last := test.answers[len(test.answers)-1]()
				if (err != nil) != (last.err != nil) || (err == nil && resp.StatusCode != last.resp.StatusCode) {
					t.Errorf("ended with %v, %v", resp, err)
				}
				if took := time.Since(start); took < test.least || took > test.most || int(sent.Load()) != test.sent {
					t.Errorf("%d requests in %v, want %d in %v to %v", sent.Load(), took, test.sent, test.least, test.most)
				}
			})
		})
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, sent := scripted(func(int, *http.Request) (*http.Response, error) { return answer(429, "Retry-After", "60"), nil })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://nova/servers", nil)
		start := time.Now()
		resp, err := transport.RoundTrip(req)
		if err != nil || resp.StatusCode != 429 || time.Since(start) != 0 || sent.Load() != 1 {
			t.Errorf("a wait beyond the deadline: %v, %v after %v; want the refusal at once", resp, err, time.Since(start))
		}

		canceled, stop := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, stop)
		req, _ = http.NewRequestWithContext(canceled, "GET", "http://nova/servers", nil)
		start = time.Now()
		if _, err := transport.RoundTrip(req); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("canceled while waiting: %v after %v", err, time.Since(start))
		}
	})
}

func TestRequestsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		transport, _ := scripted(func(int, *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return answer(200), nil
		})
		start := time.Now()
		for range 12 {
			go func() {
				req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://nova/servers", nil)
				if _, err := transport.RoundTrip(req); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		if most.Load() != 4 {
			t.Errorf("%d requests at a time, want 4 (%v)", most.Load(), time.Since(start))
		}
	})
}

// A request that gets no answer ends when its own time is over, with an error that
// is not that of the operation around it.
func TestAHungRequestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		configured   time.Duration
		after        time.Duration
	}{
		"a login":                   {"POST", "/v3/auth/tokens", 0, loginTimeout},
		"a create":                  {"POST", "/servers", 0, postTimeout},
		"a list":                    {"GET", "/servers", 0, requestTimeout},
		"a login, configured":       {"POST", "/v3/auth/tokens", 5 * time.Second, 5 * time.Second},
		"a create, configured":      {"POST", "/servers", 5 * time.Second, 5 * time.Second},
		"a list, longer than usual": {"GET", "/servers", time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, sent := scripted(func(_ int, req *http.Request) (*http.Response, error) {
					<-req.Context().Done()
					return nil, req.Context().Err()
				})
				transport.limits = limitsOf(test.configured)
				req, _ := http.NewRequestWithContext(t.Context(), test.method, "http://nova:8774"+test.path, http.NoBody)
				start := time.Now()
				_, err := transport.RoundTrip(req)
				var none *NoAnswerError
				if !errors.As(err, &none) || none.After != test.after || none.Host != "nova:8774" || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error is %v", err)
				}
				if took := time.Since(start); took != test.after || sent.Load() != 1 {
					t.Errorf("%v and %d requests, want %v and one", took, sent.Load(), test.after)
				}
			})
		})
	}
}

// All tries of a request share its time, so a host that drops packets does not cost
// the time once for each try.
func TestTriesShareTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, sent := scripted(func(int, *http.Request) (*http.Response, error) {
			time.Sleep(dialTimeout)
			return nil, &net.OpError{Op: "dial", Err: errors.New("i/o timeout")}
		})
		transport.limits = limitsOf(40 * time.Second)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://nova/servers", nil)
		start := time.Now()
		if _, err := transport.RoundTrip(req); err == nil {
			t.Error("no error")
		}
		if took := time.Since(start); took > 50*time.Second || sent.Load() != 3 {
			t.Errorf("%d tries in %v, want 3 within some 45s", sent.Load(), took)
		}
	})
}

// An API that asks to come back later answers, so such answers do not use the
// request's time up.
func TestLaterIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, sent := scripted(func(n int, _ *http.Request) (*http.Response, error) {
			if n < 5 {
				return answer(429, "Retry-After", "20"), nil
			}
			return answer(200), nil
		})
		transport.limits = limitsOf(10 * time.Second)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://nova/servers", nil)
		if resp, err := transport.RoundTrip(req); err != nil || resp.StatusCode != 200 || sent.Load() != 5 {
			t.Errorf("%v, %v after %d requests", resp, err, sent.Load())
		}
	})
}

func TestMaxRetries(t *testing.T) {
	for name, test := range map[string]struct {
		maxRetries *int
		respond    func() (*http.Response, error)
		sent       int64
	}{
		"429, not set":          {nil, func() (*http.Response, error) { return answer(429), nil }, 9},
		"429, none":             {new(0), func() (*http.Response, error) { return answer(429), nil }, 1},
		"429, two":              {new(2), func() (*http.Response, error) { return answer(429), nil }, 3},
		"connections, not set":  {nil, func() (*http.Response, error) { return nil, errRefused }, 4},
		"connections, none":     {new(0), func() (*http.Response, error) { return nil, errRefused }, 1},
		"connections, two":      {new(2), func() (*http.Response, error) { return nil, errRefused }, 3},
		"a server in trouble":   {new(1), func() (*http.Response, error) { return answer(503), nil }, 2},
		"never a refusal":       {new(5), func() (*http.Response, error) { return answer(403), nil }, 1},
		"never a wrong address": {new(5), func() (*http.Response, error) { return nil, errDNS }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, sent := scripted(func(int, *http.Request) (*http.Response, error) { return test.respond() })
				transport.retry = retryPolicyOf(test.maxRetries)
				req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://nova/servers", nil)
				transport.RoundTrip(req) // how often it is sent is what counts
				if sent.Load() != test.sent {
					t.Errorf("%d requests, want %d", sent.Load(), test.sent)
				}
			})
		})
	}
}

// An endless answer ends, and costs no more memory than the largest that is accepted.
func TestAnswerIsBounded(t *testing.T) {
	transport, sent := scripted(func(int, *http.Request) (*http.Response, error) {
		resp := answer(200)
		resp.Body = io.NopCloser(endless{})
		return resp, nil
	})
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://nova/servers", nil)
	if _, err := transport.RoundTrip(req); !errors.Is(err, ErrAnswerTooLarge) || sent.Load() != 1 {
		t.Errorf("%v after %d requests", err, sent.Load())
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestRequestIDIsAnID(t *testing.T) {
	for id, want := range map[string]string{
		"req-6f1b": "req-6f1b", "": "", "a b": "", "req-\x1b[2J": "", strings.Repeat("x", 81): "",
	} {
		if got := RequestID(http.Header{"X-Compute-Request-Id": {id}}); got != want {
			t.Errorf("%q is %q, want %q", id, got, want)
		}
	}
}

// A log line must never hold what a body or a header does.
func TestLogHoldsNoSecret(t *testing.T) {
	var lines []map[string]any
	transport := New(Options{TLS: &tls.Config{}, MaxConcurrency: 1, Log: func(_ context.Context, _ string, fields map[string]any) { lines = append(lines, fields) }})
	transport.Base = baseFunc(func(*http.Request) (*http.Response, error) {
		return answer(201, "X-Subject-Token", "s3cret", "X-Openstack-Request-Id", "req-1"), nil
	})
	req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://keystone/v3/auth/tokens?x=s3cret", strings.NewReader(`{"password": "s3cret"}`))
	req.Header.Set("X-Auth-Token", "s3cret")
	if _, err := transport.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"method": "POST", "host": "keystone", "path": "/v3/auth/tokens", "try": 1, "status": 201, "request_id": "req-1", "duration": "0s"}
	if len(lines) == 1 {
		lines[0]["duration"] = "0s"
	}
	if len(lines) != 1 || !maps.Equal(lines[0], want) {
		t.Errorf("log is %v, want %v", lines, want)
	}
}
