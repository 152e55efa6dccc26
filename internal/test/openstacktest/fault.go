package openstacktest

import (
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong with calls, once asked for by
// Cloud.Fault. Without a Status the calls are carried out, after Delay.
type Fault struct {
	Method string // "" is any
	// Path is compared with the normalised path (as in Calls) and with the path
	// as it was sent, version left out; * stands for one segment. "" is any.
	Path  string
	Match func(body string) bool // nil is any

	Nth   int // the first matching call that is hit, from 1; 0 is the first
	Times int // how many matching calls are hit from there on; 0 is one, -1 all

	Status          int
	Body            string // "" is what the service would say
	RetryAfter      time.Duration
	AcceptFirst     bool // the call is carried out before it fails
	Delay           time.Duration
	Hang            bool // no answer before the client gives up
	CloseConnection bool // the connection ends without an answer

	// Later has the connection end without an answer, if no other outcome is given, and
	// the call carried out that long after it came: a request that was under way when
	// its client died.
	Later time.Duration
}

type fault struct {
	Fault
	seen, hits int
}

// Fault lets calls go wrong from now on. Of several faults that are due on one
// call the oldest hits; the others count the call as hit, too.
func (c *Cloud) Fault(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &fault{Fault: f})
}

// ClearFaults ends all faults, also those for servers.
func (c *Cloud) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.failRules = nil, nil
}

func (f *fault) due(q *request) bool {
	_, normal, _ := strings.Cut(q.pattern, " ")
	if f.Method != "" && f.Method != q.Method || !f.onPath(normal, shorten(q.URL.Path)) {
		return false
	}
	if f.Match != nil && !f.Match(string(q.body)) {
		return false
	}
	f.seen++
	if f.seen < max(f.Nth, 1) || f.Times >= 0 && f.hits >= max(f.Times, 1) {
		return false
	}
	f.hits++
	return true
}

func (f *fault) onPath(paths ...string) bool {
	if f.Path == "" {
		return true
	}
	for _, p := range paths {
		if ok, err := path.Match(f.Path, p); err == nil && ok || f.Path == p {
			return true
		}
	}
	return false
}

// play carries the fault out, and reports whether an answer is to be written.
func (f *fault) play(c *Cloud, q *request, w http.ResponseWriter) bool {
	if !c.pause(q.Request, f.Delay) {
		return false
	}
	failing := f.Status != 0 || f.Hang || f.CloseConnection || f.Later > 0
	if f.Later > 0 {
		c.handleLater(q, f.Later)
	} else if f.AcceptFirst || !failing {
		c.handle(q)
	}
	switch {
	case f.Hang:
		select {
		case <-q.Context().Done():
		case <-c.closed:
		}
		return false
	case f.CloseConnection, f.Later > 0 && f.Status == 0:
		if h, ok := w.(http.Hijacker); ok {
			if conn, _, err := h.Hijack(); err == nil {
				conn.Close()
			}
		}
		return false
	case f.Status != 0:
		q.header = http.Header{}
		f.answer(q)
	}
	return true
}

func (f *fault) answer(q *request) {
	if f.RetryAfter > 0 {
		q.header.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	switch {
	case f.Body != "":
		q.raw(f.Status, "application/json", []byte(f.Body))
	case strings.HasPrefix(q.URL.Path, "/compute/"):
		computeError(q, f.Status, http.StatusText(f.Status))
	case strings.HasPrefix(q.URL.Path, "/network/"):
		networkError(q, f.Status, "HTTPError", http.StatusText(f.Status))
	case strings.HasPrefix(q.URL.Path, "/identity/"):
		identityError(q, f.Status, http.StatusText(f.Status))
	default:
		q.text(f.Status, strconv.Itoa(f.Status)+" "+http.StatusText(f.Status)+"\n")
	}
}

// ServerFault makes servers end in ERROR.
type ServerFault struct {
	Name    string // regular expression; "" is any
	Times   int    // how many servers; 0 is one, -1 all
	Code    int    // 0 is 500
	Message string // "" is that no host was found
}

type failRule struct {
	ServerFault
	name *regexp.Regexp
	hits int
}

// FailServers makes servers that are created from now on end in ERROR.
func (c *Cloud) FailServers(f ServerFault) {
	if f.Code == 0 {
		f.Code = 500
	}
	if f.Message == "" {
		f.Message = "No valid host was found. There are not enough hosts available."
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failRules = append(c.failRules, &failRule{ServerFault: f, name: regexp.MustCompile(f.Name)})
}

func (c *Cloud) faultFor(s *server) *serverFault {
	for _, r := range c.failRules {
		if r.name.MatchString(s.name) && (r.Times < 0 || r.hits < max(r.Times, 1)) {
			r.hits++
			return &serverFault{code: r.Code, message: r.Message}
		}
	}
	if s.metadata["vmlab_fail"] == "spawn" {
		return &serverFault{code: 500, message: "Build of instance " + s.id + " aborted: vmlab_fail=spawn"}
	}
	return nil
}
