//go:build acceptance

package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// frontDoor is a proxy of a cloud in which nothing boots. No guest can post into a
// server's password slot there, because that takes the metadata service, which knows
// servers by their network, nor read its user data. The proxy changes two things: the
// catalog's address of Nova is the proxy's own, so that calls come through it; and the
// content of a password slot, once the cloud has allowed to read or clear it, is what a
// guest of the test has posted. It keeps the user data of each server that is made.
type frontDoor struct {
	identity *url.URL // of the cloud, with the version
	server   *httptest.Server

	mu     sync.Mutex
	novas  []*url.URL // scheme and host of what the catalog has
	slots  map[string]string
	births map[string][]byte // user data, by server ID
}

const (
	identityDoor = "/identity"
	novaDoor     = "/nova-" // and the place in novas
)

var passwordSlot = regexp.MustCompile(`/servers/([0-9a-f-]{36})/os-server-password$`)

func openFrontDoor(t *testing.T, authURL string) *frontDoor {
	t.Helper()
	identity, err := url.Parse(authURL)
	if err != nil {
		t.Fatal(err)
	}
	d := &frontDoor{identity: identity, slots: map[string]string{}, births: map[string][]byte{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: d.rewrite, ModifyResponse: d.change,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // the client is still there and was not killed
				t.Logf("%s %s did not get through: %v", r.Method, r.URL.Path, err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	d.server = httptest.NewServer(proxy)
	t.Cleanup(d.server.Close)
	return d
}

// authURL is where clients log in.
func (d *frontDoor) authURL() string { return d.server.URL + identityDoor + d.identity.Path }

func (d *frontDoor) rewrite(r *httputil.ProxyRequest) {
	to, path := d.identity, strings.TrimPrefix(r.In.URL.Path, identityDoor)
	if rest, ok := strings.CutPrefix(r.In.URL.Path, novaDoor); ok {
		n, after, _ := strings.Cut(rest, "/")
		i, err := strconv.Atoi(n)
		d.mu.Lock()
		defer d.mu.Unlock()
		if err == nil && i < len(d.novas) {
			to, path = d.novas[i], "/"+after
		}
	}
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, to.Host
	r.Out.URL.Path, r.Out.URL.RawPath = path, ""
	r.Out.Header.Del("Accept-Encoding") // what is changed must be readable
	if r.Out.Method == http.MethodPost && strings.HasSuffix(path, "/servers") {
		r.Out = keepBody(r.Out)
	}
}

type bodyKey struct{}

// keepBody returns a request whose context has the body.
func keepBody(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body) // a part of it is refused by the cloud
	kept := r.WithContext(context.WithValue(r.Context(), bodyKey{}, body))
	kept.Body = io.NopCloser(bytes.NewReader(body))
	return kept
}

// born keeps the user data of a server that the cloud makes.
func (d *frontDoor) born(r *http.Response) error {
	defer r.Body.Close()
	var asked struct {
		Server struct {
			UserData []byte `json:"user_data"`
		} `json:"server"`
	}
	body, _ := r.Request.Context().Value(bodyKey{}).([]byte)
	if err := json.Unmarshal(body, &asked); err != nil {
		return fmt.Errorf("read the create call: %w", err)
	}
	var answer map[string]any
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read the answer to the create call: %w", err)
	}
	server, _ := answer["server"].(map[string]any)
	id, _ := server["id"].(string)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.births[id] = asked.Server.UserData
	return replaceBody(r, answer)
}

// userData returns what a server was given at its creation.
func (d *frontDoor) userData(serverID string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.births[serverID]
}

func (d *frontDoor) change(r *http.Response) error {
	path := r.Request.URL.Path
	slot := passwordSlot.FindStringSubmatch(path)
	switch {
	case r.Request.Method == http.MethodPost && strings.HasSuffix(path, "/auth/tokens") && r.StatusCode == http.StatusCreated:
		return d.changeCatalog(r)
	case r.Request.Method == http.MethodPost && strings.HasSuffix(path, "/servers") && r.StatusCode == http.StatusAccepted:
		return d.born(r)
	case slot == nil || r.StatusCode >= http.StatusMultipleChoices:
	case r.Request.Method == http.MethodDelete:
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.slots, slot[1])
	case r.Request.Method == http.MethodGet:
		d.mu.Lock()
		defer d.mu.Unlock()
		return replaceBody(r, map[string]string{"password": d.slots[slot[1]]})
	}
	return nil
}

func (d *frontDoor) changeCatalog(r *http.Response) error {
	defer r.Body.Close()
	var token struct {
		Token map[string]any `json:"token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&token); err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	catalog, _ := token.Token["catalog"].([]any)
	found := false
	for _, entry := range catalog {
		service, _ := entry.(map[string]any)
		endpoints, _ := service["endpoints"].([]any)
		for _, x := range endpoints {
			endpoint, _ := x.(map[string]any)
			address, _ := endpoint["url"].(string)
			u, err := url.Parse(address)
			if service["type"] != "compute" || err != nil {
				continue
			}
			endpoint["url"], found = fmt.Sprintf("%s%s%d%s", d.server.URL, novaDoor, d.nova(u), u.Path), true
		}
	}
	if !found {
		return errors.New("the catalog has no compute service")
	}
	return replaceBody(r, token)
}

// nova returns the place of an address in the list.
func (d *frontDoor) nova(u *url.URL) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, known := range d.novas {
		if known.Scheme == u.Scheme && known.Host == u.Host {
			return i
		}
	}
	d.novas = append(d.novas, u)
	return len(d.novas) - 1
}

func replaceBody(r *http.Response, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	r.ContentLength = int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

// post is what a guest does to fill its slot; an occupied one refuses.
func (d *frontDoor) post(serverID, content string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.slots[serverID] != "" {
		return errors.New("the slot is occupied")
	}
	d.slots[serverID] = content
	return nil
}

// TestFrontDoor reads a token's catalog and a slot through the door, of a server
// that is not there: what the cloud refuses is refused.
func TestFrontDoor(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.RequestURI())
		switch {
		case strings.HasSuffix(r.URL.Path, "/auth/tokens"):
			w.WriteHeader(http.StatusCreated)
			nova := map[string]any{"type": "compute", "endpoints": []any{map[string]any{"interface": "public", "url": "http://" + r.Host + "/v2.1/p"}}}
			network := map[string]any{"type": "network", "endpoints": []any{map[string]any{"interface": "public", "url": "http://" + r.Host + "/net"}}}
			_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{"catalog": []any{nova, network}}})
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"server": {"id": "made"}}`)
		case strings.Contains(r.URL.Path, "refused"):
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			_, _ = io.WriteString(w, `{"password": ""}`)
		}
	}))
	defer backend.Close()
	d := openFrontDoor(t, backend.URL+"/v3")
	call := func(method, address string) (*http.Response, map[string]any) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body := map[string]any{}
		_ = json.NewDecoder(answer.Body).Decode(&body) // some have none
		return answer, body
	}
	_, token := call(http.MethodPost, d.authURL()+"/auth/tokens")
	text, _ := json.Marshal(token)
	nova := d.server.URL + "/nova-0/v2.1/p"
	if !strings.Contains(string(text), `"`+nova+`"`) || !strings.Contains(string(text), `"`+backend.URL+`/net"`) {
		t.Fatalf("only Nova's address is the door's: %s", text)
	}
	const id = "00000000-0000-4000-8000-000000000000"
	slot := nova + "/servers/" + id + "/os-server-password"
	if err := d.post(id, "told"); err != nil {
		t.Fatal(err)
	}
	if err := d.post(id, "again"); err == nil {
		t.Error("an occupied slot takes a second report")
	}
	answer, got := call(http.MethodGet, slot)
	if !maps.Equal(got, map[string]any{"password": "told"}) || answer.Header.Get("X-Path") != "/v2.1/p/servers/"+id+"/os-server-password" {
		t.Errorf("the slot holds %v, asked for %s", got, answer.Header.Get("X-Path"))
	}
	made, err := http.Post(nova+"/servers", "application/json", strings.NewReader(`{"server": {"user_data": "aGVsbG8="}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Body.Close()
	if text, _ := io.ReadAll(made.Body); made.StatusCode != http.StatusAccepted || string(text) != `{"server":{"id":"made"}}` || string(d.userData("made")) != "hello" {
		t.Errorf("a server was made: %d %s, with %q", made.StatusCode, text, d.userData("made"))
	}
	call(http.MethodDelete, slot)
	if _, got := call(http.MethodGet, slot); got["password"] != "" {
		t.Errorf("the cleared slot holds %v", got)
	}
	if answer, _ := call(http.MethodGet, nova+"/refused?a=b"); answer.StatusCode != http.StatusForbidden || answer.Header.Get("X-Path") != "/v2.1/p/refused?a=b" {
		t.Errorf("what the cloud refused came back as %d of %s", answer.StatusCode, answer.Header.Get("X-Path"))
	}
}
