package transport

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// These are the longest times of a request where the configuration sets none. Nova
// takes up to some ten seconds for a create and for a long list, and minutes when it
// is overrun. A POST has more time, because what an abandoned POST has made is hard to
// find. A login makes nothing that lasts, and Keystone answers within seconds.
const (
	requestTimeout = 2 * time.Minute
	postTimeout    = 5 * time.Minute
	loginTimeout   = time.Minute
)

// dialTimeout is the longest time until a connection is made. A host that drops
// packets uses it up; another try may then reach another address of its name.
const dialTimeout = 15 * time.Second

// keepAlive finds out within a minute that the other end of an idle connection is
// gone, as after a firewall has forgotten the connection.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 10 * time.Second, Count: 4}

// limits are the longest times of requests.
type limits struct{ request, post, login, dial time.Duration }

// limitsOf returns the limits that a configured timeout makes; 0 is none.
func limitsOf(configured time.Duration) limits {
	if configured > 0 {
		return limits{request: configured, post: configured, login: configured, dial: min(dialTimeout, configured)}
	}
	return limits{request: requestTimeout, post: postTimeout, login: loginTimeout, dial: dialTimeout}
}

func (l limits) of(req *http.Request) time.Duration {
	switch {
	case isLogin(req):
		return l.login
	case req.Method == http.MethodPost:
		return l.post
	}
	return l.request
}

func isLogin(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/auth/tokens") }

// errAttemptOver marks the error of a try that the request's own limit has ended.
var errAttemptOver = errors.New("the request's time is over")

// NoAnswerError is the error after a request has used up its time. It is no
// context.DeadlineExceeded: the operation that the request is a part of may have time
// left.
type NoAnswerError struct {
	Host  string        // with its port
	After time.Duration // the time that the request had
	Err   error
}

func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("no answer from %s within %s", e.Host, e.After)
}
