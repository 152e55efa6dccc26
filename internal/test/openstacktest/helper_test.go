package openstacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// user is a project's user with a token.
type user struct {
	t     *testing.T
	cloud *Cloud
	http  *http.Client
	token string
}

// reply is an answer with its JSON.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// inMemory returns a cloud and its user without sockets, as a synctest bubble
// needs it.
func inMemory(t *testing.T, o Options) *user {
	t.Helper()
	cloud := New(o)
	t.Cleanup(cloud.Close)
	u := &user{t: t, cloud: cloud, http: &http.Client{Transport: cloud.Transport()}}
	u.login()
	return u
}

func listening(t *testing.T, o Options) *user {
	t.Helper()
	cloud := New(o)
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	u := &user{t: t, cloud: cloud, http: &http.Client{Transport: &http.Transport{}}}
	u.login()
	return u
}

func (u *user) login() {
	u.t.Helper()
	r := u.call("POST", "/identity/v3/auth/tokens", map[string]any{"auth": map[string]any{"identity": map[string]any{
		"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{"name": Username, "password": Password}},
	}}})
	u.token = r.header.Get("X-Subject-Token")
}

func (u *user) try(ctx context.Context, method, path string, body any) (reply, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.cloud.URL()+path, strings.NewReader(string(b)))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("X-Auth-Token", u.token)
	req.Header.Set("OpenStack-API-Version", "compute 2.52")
	resp, err := u.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if json.Unmarshal(text, &r.json) != nil {
		r.json = nil
	}
	return r, nil
}

func (u *user) call(method, path string, body any) reply {
	u.t.Helper()
	r, err := u.try(u.t.Context(), method, path, body)
	if err != nil {
		u.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// post asks for a server.
func (u *user) post(name string, more map[string]any) reply {
	u.t.Helper()
	server := map[string]any{
		"name": name, "imageRef": DefaultImages()[0].ID, "flavorRef": "1", "networks": []any{map[string]any{"uuid": u.cloud.networks[0].ID}},
	}
	maps.Copy(server, more)
	return u.call("POST", "/compute/v2.1/servers", map[string]any{"server": server})
}

// create makes a server and returns its ID.
func (u *user) create(name string, more map[string]any) string {
	u.t.Helper()
	r := u.post(name, more)
	if r.status != http.StatusAccepted {
		u.t.Fatalf("create %s: %d %s", name, r.status, r.text)
	}
	return r.get("server", "id")
}

func (r reply) get(path ...string) string {
	var v any = r.json
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (u *user) show(id string) reply {
	u.t.Helper()
	return u.call("GET", "/compute/v2.1/servers/"+id, nil)
}

func (r reply) is(t *testing.T, status int, words string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.text, words) {
		t.Errorf("HTTP %d %s; want %d with %q", r.status, r.text, status, words)
	}
}
