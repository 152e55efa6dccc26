package transport

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// retryPolicy is when a request is sent again, and after how long.
//
// A refusal that says "later" (429, 498, 413 with Retry-After) was not carried
// out, so any request is sent again after it. After a 5xx or a broken connection
// the outcome is unknown, so only a request that may be carried out twice is sent
// again. The callers handle the others: after a POST they read the list and adopt
// the server that they find, after a PUT of metadata they read the metadata back.
type retryPolicy struct {
	tries      int           // of a request that failed
	refusals   int           // "later" answers that are accepted
	pause      time.Duration // before the second try; doubles
	longest    time.Duration // pause of our own choosing
	retryAfter time.Duration // the longest Retry-After that is obeyed
}

var defaultRetry = retryPolicy{
	tries:      4,
	refusals:   8,
	pause:      500 * time.Millisecond,
	longest:    30 * time.Second,
	retryAfter: 2 * time.Minute,
}

// retryPolicyOf returns the policy with that number of repetitions; nil leaves it to
// the kind of failure. As in the OpenStack provider, the number holds for failed
// connections and for answers that ask to come back later.
func retryPolicyOf(maxRetries *int) retryPolicy {
	p := defaultRetry
	if maxRetries != nil {
		p.tries, p.refusals = *maxRetries+1, *maxRetries
	}
	return p
}

// attempts counts what happened to one request.
type attempts struct{ failed, refused int }

// next returns how long to wait before req is sent again; with false, resp and err are
// the final result.
func (p retryPolicy) next(req *http.Request, resp *http.Response, err error, n *attempts, now time.Time) (time.Duration, bool) {
	var wait time.Duration
	switch {
	case req.Context().Err() != nil:
		return 0, false
	case err == nil && saysLater(resp):
		n.refused++
		if n.refused > p.refusals {
			return 0, false
		}
		wait = p.backoff(n.refused)
	case (err != nil && MayPass(err)) || (err == nil && failed(resp.StatusCode)):
		n.failed++
		if n.failed >= p.tries || !(repeatable(req) || neverSent(err)) {
			return 0, false
		}
		wait = p.backoff(n.failed)
	default:
		return 0, false
	}
	if asked, ok := retryAfter(resp, now); ok {
		if asked > p.retryAfter {
			return 0, false
		}
		wait = asked + rand.N(p.pause) // many requests may have got the same answer
	}
	if deadline, ok := req.Context().Deadline(); ok && now.Add(wait).After(deadline) {
		return 0, false // the refusal says more than "deadline exceeded"
	}
	return wait, true
}

// backoff doubles from pause on, with jitter over the upper half.
func (p retryPolicy) backoff(n int) time.Duration {
	d := min(p.pause<<min(n-1, 16), p.longest)
	return d/2 + rand.N(d/2+1)
}

// saysLater reports whether the API did nothing and asks to come back.
func saysLater(resp *http.Response) bool {
	return cluster.FaultOfStatus(resp.StatusCode, resp.Header.Get("Retry-After") != "") == cluster.FaultRateLimited
}

// failed reports whether the status is that of a server in trouble; 501 is the same
// the next time.
func failed(status int) bool {
	return status >= 500 && status != http.StatusNotImplemented
}

// repeatable reports whether the request may be carried out twice. A second login
// only makes a second token. A second PUT of metadata is different: if the first
// one was carried out, another writer may have changed the set since, and the
// second one would overwrite that change unseen.
func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete:
		return true
	case http.MethodPut:
		return !strings.HasSuffix(req.URL.Path, "/metadata")
	case http.MethodPost:
		return isLogin(req)
	}
	return false
}

// neverSent reports whether no connection was made, so that the request can't have
// been carried out.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// MayPass reports whether another try may not meet the failure: an untrusted
// certificate, a host that does not exist and a server of another protocol stay.
func MayPass(err error) bool {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	return !errors.As(err, &certificate) && !(errors.As(err, &dns) && dns.IsNotFound) && !otherProtocol(err) &&
		!errors.Is(err, ErrAnswerTooLarge)
}

// otherProtocol reports whether the server does not speak TLS, or none of ours.
func otherProtocol(err error) bool {
	var header tls.RecordHeaderError
	var alert *net.OpError // "remote error" and "local error" are TLS alerts
	return errors.As(err, &header) || (errors.As(err, &alert) && strings.HasSuffix(alert.Op, " error"))
}

// retryAfter reads the header's two forms: seconds, or a date.
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	text := resp.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0), true
	}
	return 0, false
}
