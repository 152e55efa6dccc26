package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

type object = map[string]any

// answer is what came back.
type answer struct {
	what   string
	status int
	header http.Header
	text   string
	json   object // nil when the body is no JSON object
}

// client is raw HTTP with a token; it hides nothing.
type client struct {
	authURL   string
	endpoints map[string]string // by service type
	token     string
	project   string
}

func login(ctx context.Context, target Target) (*client, error) {
	c := &client{authURL: target.AuthURL, endpoints: map[string]string{}}
	a, err := c.send(ctx, http.MethodPost, c.authURL+"/auth/tokens", object{"auth": target.Auth}, nil)
	if err != nil {
		return nil, fmt.Errorf("log in at %s: %w", target.AuthURL, err)
	}
	if a.status != http.StatusCreated {
		return nil, fmt.Errorf("log in at %s: HTTP %d: %s", target.AuthURL, a.status, a.text)
	}
	c.token = a.header.Get("X-Subject-Token")
	c.project, _ = at(a.json, "token", "project", "id").(string)
	catalog, _ := at(a.json, "token", "catalog").([]any)
	for _, s := range catalog {
		service, _ := s.(object)
		endpoints, _ := service["endpoints"].([]any)
		for _, x := range endpoints {
			e, _ := x.(object)
			if e["interface"] != "public" || target.Region != "" && e["region_id"] != target.Region {
				continue
			}
			kind, _ := service["type"].(string)
			url, _ := e["url"].(string)
			c.endpoints[kind] = strings.TrimSuffix(url, "/")
		}
	}
	for kind, version := range map[string]string{"network": "/v2.0", "image": "/v2"} {
		if u := c.endpoints[kind]; u != "" && !strings.HasSuffix(u, version) {
			c.endpoints[kind] = u + version
		}
	}
	return c, nil
}

func (c *client) send(ctx context.Context, method, url string, body any, header map[string]string) (answer, error) {
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	default:
		var err error
		if content, err = json.Marshal(b); err != nil {
			return answer{}, fmt.Errorf("write %s %s: %w", method, url, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(content))
	if err != nil {
		return answer{}, fmt.Errorf("write %s %s: %w", method, url, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.token != "" {
		req.Header.Set("X-Auth-Token", c.token)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read the answer to %s %s: %w", method, url, err)
	}
	a := answer{what: method + " " + url, status: resp.StatusCode, header: resp.Header, text: string(b)}
	if json.Unmarshal(b, &a.json) != nil {
		a.json = nil
	}
	return a, nil
}

// Caller sends single requests, for tests that do to a cloud what a client of ours
// never does.
type Caller struct{ client *client }

// Login logs in at the target.
func Login(ctx context.Context, target Target) (*Caller, error) {
	c, err := login(ctx, target)
	if err != nil {
		return nil, err
	}
	return &Caller{client: c}, nil
}

// LoginTo logs in at an entry of clouds.yaml.
func LoginTo(ctx context.Context, cloud string) (*Caller, error) {
	var target Target
	if err := target.readCloud(cloud); err != nil {
		return nil, err
	}
	return Login(ctx, target)
}

// Call sends a request to a service by its type in the catalog, and returns the
// JSON object that came back. A status of 400 or more is an error.
func (c *Caller) Call(ctx context.Context, kind, method, path string, body any) (map[string]any, error) {
	a, err := c.client.send(ctx, method, c.client.endpoints[kind]+path, body, nil)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if a.status >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s: HTTP %d: %s", a.what, a.status, clip(a.text))
	}
	return a.json, nil
}

// call sends a request to a service and fails the test when no answer comes.
func (s *suite) call(t *testing.T, kind, method, path string, body any, microversion ...string) answer {
	t.Helper()
	header := map[string]string{}
	if kind == "compute" {
		mv := "2.52"
		if len(microversion) > 0 {
			mv = microversion[0]
		}
		if mv != "" {
			header["OpenStack-API-Version"] = "compute " + mv
			header["X-OpenStack-Nova-API-Version"] = mv
		}
	}
	// Clean-up calls come after the test's own context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	a, err := s.client.send(ctx, method, s.client.endpoints[kind]+path, body, header)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// at walks into JSON by keys and list indexes; nil is what is not there.
func at(v any, path ...any) any {
	for _, step := range path {
		switch key := step.(type) {
		case string:
			m, _ := v.(object)
			v = m[key]
		case int:
			l, _ := v.([]any)
			if key >= len(l) {
				return nil
			}
			v = l[key]
		}
	}
	return v
}

func (a answer) at(path ...any) any { return at(any(a.json), path...) }

func (a answer) list(path ...any) []any {
	l, _ := a.at(path...).([]any)
	return l
}

func (a answer) string(path ...any) string {
	v, _ := a.at(path...).(string)
	return v
}

// is fails the test unless the answer has that status.
func (a answer) is(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: HTTP %d, want %d: %s", a.what, a.status, status, clip(a.text))
	}
	return a
}

// says fails the test unless the answer has that status, and that error (the
// name around Nova's message, the type in Neutron's) with those words.
func (a answer) says(t *testing.T, status int, name, words string) {
	t.Helper()
	a.is(t, status)
	message := a.string(name, "message")
	if name == "NeutronError" || strings.Contains(name, ":") {
		kind := strings.TrimPrefix(name, "NeutronError:")
		if got := a.string("NeutronError", "type"); got != kind {
			t.Errorf("%s: error of type %q, want %q", a.what, got, kind)
		}
		message = a.string("NeutronError", "message")
	}
	if !strings.Contains(message, words) {
		t.Errorf("%s: %q is not said under %q: %s", a.what, words, name, clip(a.text))
	}
	if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		t.Errorf("%s: Content-Type %q", a.what, ct)
	}
}

func clip(s string) string {
	if len(s) > 600 {
		return s[:600] + "…"
	}
	return s
}
