package bench

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Door is a proxy in front of all APIs of one cloud. It counts the calls of any client,
// and so is the same measure for clients of different kinds. It listens on 127.0.0.1.
//
// Clients log in through the door. In every answer the addresses of the cloud's services
// are replaced by the door's own, so that all further calls come through it, too.
type Door struct {
	server   *httptest.Server
	identity *url.URL // of the cloud, with the version

	mu      sync.Mutex
	origins []string // scheme and host of each service, as in "https://cloud:8774"
	calls   int
}

const doorPath = "/origin-" // and the place in origins

// OpenDoor opens a door to the cloud with that identity service. trust holds how the
// cloud's certificates are verified; nil verifies by the system's.
func OpenDoor(authURL string, trust *tls.Config) (*Door, error) {
	identity, err := url.Parse(authURL)
	if err != nil || identity.Host == "" {
		return nil, fmt.Errorf("the identity service %q is no URL", authURL)
	}
	d := &Door{identity: identity, origins: []string{origin(identity)}}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = trust
	base.MaxIdleConnsPerHost = 64
	d.server = httptest.NewServer(&httputil.ReverseProxy{Rewrite: d.rewrite, ModifyResponse: d.change, Transport: base})
	return d, nil
}

// Close closes the door.
func (d *Door) Close() { d.server.Close() }

// AuthURL returns where clients log in.
func (d *Door) AuthURL() string { return d.server.URL + doorPath + "0" + d.identity.Path }

// Calls returns how many calls there were since the last time that it was asked.
func (d *Door) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.calls
	d.calls = 0
	return n
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// rewrite sends a call on to the service that its path names.
func (d *Door) rewrite(r *httputil.ProxyRequest) {
	number, rest, _ := strings.Cut(strings.TrimPrefix(r.In.URL.EscapedPath(), doorPath), "/")
	i, err := strconv.Atoi(number)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if err != nil || i < 0 || i >= len(d.origins) {
		i, rest = 0, "" // the cloud refuses it
	}
	to, err := url.Parse(d.origins[i] + "/" + rest)
	if err != nil {
		to = d.identity
	}
	to.RawQuery = r.In.URL.RawQuery
	r.Out.URL, r.Out.Host = to, to.Host
	r.Out.Header.Del("Accept-Encoding") // what is changed must be readable
}

// change replaces the services' addresses in an answer.
func (d *Door) change(r *http.Response) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	r.Body.Close()
	if strings.HasSuffix(r.Request.URL.Path, "/auth/tokens") {
		d.learn(body)
	}
	body = d.replace(body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// learn takes over the services of a token's catalog.
func (d *Door) learn(body []byte) {
	var answer struct {
		Token struct {
			Catalog []struct {
				Endpoints []struct{ URL string }
			}
		}
	}
	if json.Unmarshal(body, &answer) != nil {
		return // a refused login
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, service := range answer.Token.Catalog {
		for _, e := range service.Endpoints {
			u, err := url.Parse(e.URL)
			if err == nil && u.Host != "" && !slices.Contains(d.origins, origin(u)) {
				d.origins = append(d.origins, origin(u))
			}
		}
	}
}

// replace returns a body with the door's addresses. An address ends with a slash or with
// the text that it is in: http://cloud:80 is none in http://cloud:8774/.
func (d *Door) replace(body []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, o := range d.origins {
		door := d.server.URL + doorPath + strconv.Itoa(i)
		for _, end := range []string{"/", `"`, `\/`} {
			body = bytes.ReplaceAll(body, []byte(o+end), []byte(door+end))
		}
	}
	return body
}
