package openstack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack/transport"
)

// api is a small OpenStack: a login, and whatever answers a test gives by
// "METHOD /path". It keeps what it was asked.
type api struct {
	*httptest.Server
	t       *testing.T
	answers map[string]http.HandlerFunc

	mu    sync.Mutex
	calls []call
}

type call struct {
	line   string // "GET /v2.1/servers/detail?limit=1000"
	header http.Header
	body   string
}

func newAPI(t *testing.T, answers map[string]http.HandlerFunc) *api {
	a := &api{t: t, answers: answers}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.calls = append(a.calls, call{r.Method + " " + r.URL.RequestURI(), r.Header, string(body)})
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if answer, ok := a.answers[r.Method+" "+r.URL.Path]; ok {
		answer(w, r)
		return
	}
	if r.Method == "POST" && r.URL.Path == "/v3/auth/tokens" {
		a.token(w, "/compute/v2.1", "/network", "/image")
		return
	}
	w.WriteHeader(404)
	fmt.Fprintf(w, `{"itemNotFound": {"message": "%s %s is not there"}}`, r.Method, r.URL.Path)
}

// token answers a login with a catalog of those paths.
func (a *api) token(w http.ResponseWriter, compute, network, image string) {
	w.Header().Set("X-Subject-Token", "t1")
	w.WriteHeader(201)
	endpoint := func(path string) string {
		return fmt.Sprintf(`[{"interface": "internal", "region": "North", "region_id": "North", "url": "http://internal.invalid/"},
			{"interface": "public", "region": "North", "region_id": "North", "url": "%s%s"}]`, a.URL, path)
	}
	fmt.Fprintf(w, `{"token": {"expires_at": "2100-01-01T00:00:00.000000Z", "project": {"id": "p1", "name": "demo"}, "catalog": [
		{"type": "compute_legacy", "endpoints": [{"interface": "public", "region": "North", "url": "http://legacy.invalid"}]},
		{"type": "compute", "endpoints": %s}, {"type": "network", "endpoints": %s}, {"type": "image", "endpoints": %s}]}}`,
		endpoint(compute), endpoint(network), endpoint(image))
}

func (a *api) config() Config {
	return Config{
		AuthURL: a.URL + "/v3", UserName: "alice", Password: "x", TenantName: "demo", UserAgent: "vmcluster/1",
		Getenv: func(string) string { return "" },
	}
}

func (a *api) client() *Client {
	a.t.Helper()
	c, err := New(a.t.Context(), a.config())
	if err != nil {
		a.t.Fatal(err)
	}
	sc, err := c.compute()
	if err != nil {
		a.t.Fatal(err)
	}
	sc.HTTPClient.Transport.(*transport.Transport).SetPause(time.Nanosecond)
	return c
}

// since returns the calls after the first n.
func (a *api) since(n int) []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[n:]
}

func (a *api) lines() string {
	var out []string
	for _, c := range a.since(0) {
		out = append(out, c.line)
	}
	return strings.Join(out, "\n")
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func equalJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	gs, _ := json.Marshal(g)
	ws, _ := json.Marshal(w)
	if string(gs) != string(ws) {
		t.Errorf("body is\n%s, want\n%s", gs, ws)
	}
}

func wantKind(t *testing.T, err error, kind cluster.FaultKind, words ...string) {
	t.Helper()
	if !cluster.IsKind(err, kind) {
		t.Errorf("error is %v, want kind %s", err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not hold %q", err, w)
		}
	}
}

var background = context.Background()
