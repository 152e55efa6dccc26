package web_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/web"
)

// FuzzHandler sends any request, and has a job's owner write any text into what the page
// shows. A request is answered only with the right host name and password, no answer is
// an internal error, and foreign text stays text.
func FuzzHandler(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"GET /?range=day HTTP/1.1\r\nHost: 127.0.0.1:9180\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"GET /?range=%00&range=day&=%zz HTTP/1.1\r\nHost: [::1]\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"GET /api/history HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\nAccept-Encoding: gzip\r\n\r\n",
		"GET /api/decisions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"HEAD /metrics HTTP/1.0\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"GET http://evil.example.com/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"GET //../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nAuthorization: Basic b3BzOnMzY3JldA==\r\n\r\nabc",
		"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic b3BzOndyb25n\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		f.Add(seed, `<script>alert("x")</script>`)
		f.Add(seed, "\x00\x1b[2J\u202e\xff')\"</title><!--")
	}
	f.Fuzz(func(t *testing.T, raw, foreign string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return // the server answers such a request by itself
		}
		r.RemoteAddr = "192.0.2.1:1"
		hostile := recordtest.Records()[1]
		hostile.Notes = append(slices.Clone(hostile.Notes), decide.Note{About: foreign, Reason: reason.Said(foreign)})
		w := httptest.NewRecorder()
		web.Access{Username: "ops", Password: "s3cret"}.Guard(few(hostile)).ServeHTTP(w, r)
		name, password, _ := r.BasicAuth()
		switch {
		case w.Code >= 500:
			t.Fatalf("%d: %s", w.Code, w.Body)
		case w.Code == http.StatusUnauthorized, w.Code == http.StatusMisdirectedRequest:
			if strings.Contains(w.Body.String(), "astro") {
				t.Fatal("a refusal shows something of the cluster")
			}
		case name != "ops" || password != "s3cret":
			t.Fatalf("%d without the right login", w.Code)
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Fatal("no content security policy")
		}
		body, kind := w.Body.String(), w.Header().Get("Content-Type")
		if w.Code == 200 && r.Method == http.MethodGet && kind == "application/json" && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("no JSON: %s", body)
		}
		if strings.HasPrefix(kind, "text/html") && strings.Count(body, "<script") != strings.Count(body, `<script src="page.js" defer>`) {
			t.Fatal("foreign text became a script")
		}
	})
}
