package openstacktest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// request is one call on its way through the cloud, with its answer.
type request struct {
	*http.Request
	body    []byte
	now     time.Time
	mv      int // compute microversion, its part after "2."
	status  int
	header  http.Header
	answer  []byte
	base    string // URL of the cloud
	pattern string // method and normalised path
	listed  int    // servers that a list shows
}

type handler func(c *Cloud, q *request)

func (q *request) reply(status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("openstacktest: an answer does not marshal: " + err.Error())
	}
	q.raw(status, "application/json", b)
}

func (q *request) empty(status int) { q.raw(status, "application/json", nil) }

func (q *request) text(status int, s string) {
	q.raw(status, "text/plain; charset=UTF-8", []byte(s))
}

func (q *request) raw(status int, contentType string, b []byte) {
	q.status, q.answer = status, b
	q.header.Set("Content-Type", contentType)
}

// serve takes every call, and counts it before anything else.
func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, pattern := c.mux.Handler(r)
	q := &request{Request: r, body: body, header: http.Header{}, base: c.url, pattern: normalise(r, pattern)}
	hit, n := c.admit(q)
	_, path, _ := strings.Cut(q.pattern, " ")
	if hook := c.options().OnCall; hook != nil {
		hook(n, r.Method, path)
	}
	o := c.options()
	if !c.pause(r, o.Latency+o.Pace.before(q)) {
		return
	}
	if hit != nil {
		if !hit.play(c, q, w) {
			return
		}
	} else {
		c.handle(q)
		if !c.pause(r, o.Pace.after(q)) {
			return
		}
	}
	q.write(w)
}

// handle carries the call out.
func (c *Cloud) handle(q *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.now = time.Now()
	c.settle(q.now)
	q.header.Set("X-Openstack-Request-Id", "req-"+newUUID())
	c.mux.ServeHTTP(carrier{q}, q.Request)
}

// handleLater carries the call out after that time; the answer reaches no client.
func (c *Cloud) handleLater(q *request, later time.Duration) {
	r := *q.Request // the mux writes into it
	late := &request{Request: &r, body: q.body, header: http.Header{}, base: q.base, pattern: q.pattern}
	time.AfterFunc(later, func() {
		if !c.isClosed() {
			c.handle(late)
		}
	})
}

func (q *request) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), q.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(q.answer)))
	w.WriteHeader(q.status)
	w.Write(q.answer) //nolint:errcheck // the client may be gone
}

// carrier takes a request through http.ServeMux, which fills in the path values.
type carrier struct{ q *request }

func (k carrier) Header() http.Header { return k.q.header }
func (k carrier) Write(b []byte) (int, error) {
	k.q.answer = append(k.q.answer, b...)
	return len(b), nil
}
func (k carrier) WriteHeader(status int) { k.q.status = status }
func (c *Cloud) options() Options        { c.mu.Lock(); defer c.mu.Unlock(); return c.o }
func (h handler) on(c *Cloud) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := w.(carrier).q
		q.Request = r
		h(c, q)
	}
}

// pause waits, and reports whether the client is still there.
func (c *Cloud) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-c.closed:
	}
	return false
}

// normalise writes a call as "GET /compute/servers/{id}": what was matched,
// without the API's version.
func normalise(r *http.Request, pattern string) string {
	if !strings.Contains(pattern, " ") { // a catch-all
		return r.Method + " " + shorten(r.URL.Path)
	}
	_, p, _ := strings.Cut(pattern, " ")
	return r.Method + " " + strings.TrimSuffix(shorten(p), "/{$}")
}

func shorten(path string) string {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	if len(parts) > 1 && len(parts[1]) > 1 && parts[1][0] == 'v' && parts[1][1] >= '0' && parts[1][1] <= '9' {
		parts = append(parts[:1], parts[2:]...)
	}
	return "/" + strings.Join(parts, "/")
}

// decode reads a JSON object's members.
func decode(raw []byte) (map[string]json.RawMessage, bool) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, false
	}
	return m, true
}

func isObject(raw json.RawMessage) bool {
	return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{"))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func micros(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }
