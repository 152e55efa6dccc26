package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/metrics"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/web"
)

// played returns the handler after an hour and two rounds.
func played(more ...record.Record) http.Handler {
	now := recordtest.Noon.Add(70 * time.Second)
	clock := func() time.Time { return now }
	board := status.NewBoard(func() time.Duration { return 10 * time.Second }, clock)
	board.Version = "1.2.3"
	board.SetPrices(map[string]float64{"gpu": 2})
	m := metrics.New("1.2.3", clock)
	for i := range 320 { // 53 minutes, with a gap of ten
		at := recordtest.Noon.Add(time.Duration(i-325) * 10 * time.Second)
		if i > 100 && i < 160 {
			continue
		}
		board.Replay(record.Record{
			Time: at, Cluster: "astro", Waiting: max(0, 40-i/8), Running: min(i/6, 36),
			Workers: map[fleet.Phase]int{fleet.Busy: min(9, i/24), fleet.Idle: i % 3, fleet.Booting: max(0, 4-i/40), fleet.Absent: i / 200},
			Groups: map[string]record.Group{
				"cpu": {Workers: map[fleet.Phase]int{fleet.Busy: min(9, i/24), fleet.Idle: i % 3, fleet.Booting: max(0, 4-i/40)}, Scaled: true, Min: 1, Max: 12},
				"gpu": {Workers: map[fleet.Phase]int{fleet.Absent: i / 200}, Scaled: true, Max: 2},
			},
		})
	}
	for _, r := range append(recordtest.Records(), more...) {
		if r.Error == "" {
			board.Decided(r)
			m.Decided(r)
		}
		board.Finished(r)
		m.Finished(r)
	}
	return web.Handler(board, m.Handler())
}

// few returns the handler after the given rounds.
func few(rounds ...record.Record) http.Handler {
	board := status.NewBoard(func() time.Duration { return 10 * time.Second }, func() time.Time { return recordtest.Noon })
	for _, r := range rounds {
		board.Decided(r)
		board.Finished(r)
	}
	return web.Handler(board, http.NotFoundHandler())
}

func empty() http.Handler {
	board := status.NewBoard(func() time.Duration { return 10 * time.Second }, func() time.Time { return recordtest.Noon })
	return web.Handler(board, http.NotFoundHandler())
}

func ask(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestWhatIsServed(t *testing.T) {
	hostile := recordtest.Records()[1]
	hostile.Notes = append(hostile.Notes, decide.Note{About: "jobs", Reason: reason.Said(`<script>alert("x")</script>`)})
	waiting := recordtest.Records()[1]
	waiting.Standby = "scaler front-k3v9q acts for this cluster, this one waits"
	unread := record.Record{
		Time: recordtest.Noon.Add(70 * time.Second), Unread: record.SourceQueue,
		Error: "nothing is done in this round: read the queue: no answer within 10s",
	}
	tests := []struct {
		name, method, path string
		h                  http.Handler
		code               int
		kind               string
		want               []string
	}{
		{"page", "GET", "/", played(), 200, "text/html", []string{
			"<h1>astro</h1>", "the last round ended 0s ago", `<dt>waiting</dt><dd>23</dd>`, `<td data-label="worker"><a href="explain/astro-cpu-5">astro-cpu-5</a></td>`, "broken, No valid host was found",
			`<dt>workers</dt><dd>8</dd>`, `<dt>no group can run</dt><dd class="bad"><a href="#jobs">2</a></dd>`, "waiting 23</span>", "running 5</span>", "min 1</span>", "max 12</span>", "vmcluster-scaler 1.2.3",
			`<a href="explain/9.0">9.0</a></td><td data-label="ask for">1 CPU, 512.0 GiB</td>`, "<time datetime=\"2026-11-22T09:00:00Z\">2026-11-22 09:00:00 UTC</time>", "<th>cpu</th><th>gpu</th><th>all</th><th>cost</th>",
			"<b>add 1 (astro-gpu-2)</b> group gpu", `<td><a href="explain/cpu">cpu</a></td><td>1 busy, 1 idle, 1 booting (1 enrolled), 1 leaving, 1 absent, 1 stopped, 1 broken</td><td>1</td><td>12</td><td>2 for `, "stays: 4 jobs fit it", "booting (enrolled)", "last round took 21.4 s (creations 19.5 s, deletions 1.2 s, queue 0.4 s, cluster 0.3 s)", "remove workers: server astro-cpu-6: it is locked", `aria-current="true">1 hour`,
		}},
		{"a day", "GET", "/?range=day", played(), 200, "text/html", []string{`aria-current="true">24 hours`, ">11:30</text>"}},
		{"a span that is none", "GET", "/?range=%3Cscript%3E", played(), 200, "text/html", []string{`aria-current="true">1 hour`}},
		{"a worker", "GET", "/explain/astro-cpu-5", played(), 200, "text/html", []string{"<h2>worker astro-cpu-5</h2>", "Nova says: No valid host was found", `href="../page.css"`, `<a href="../">`}},
		{"a worker that was made just now", "GET", "/explain/astro-gpu-2", played(), 200, "text/html", []string{"<h2>worker astro-gpu-2</h2>", "There is no such worker now.", "<b>add 1 (astro-gpu-2)</b>"}},
		{"a group", "GET", "/explain/gpu", played(), 200, "text/html", []string{"<h2>group gpu</h2>", "In the scaler&#39;s charge: 0 to 2 workers."}},
		{"a job", "GET", "/explain/9.0", played(), 200, "text/html", []string{"<h2>job 9.0</h2>", "2 have no worker to come: no group can ever run them"}},
		{"a job that is not the first of its kind", "GET", "/explain/9.1", played(), 404, "text/html", []string{"<code>vmcluster-scaler explain 9.1</code>"}},
		{"a name that nothing bears", "GET", "/explain/%3Cscript%3E", played(), 404, "text/html", []string{"Nothing of this name", "worker &lt;script&gt;"}},
		{"an explanation before the first round", "GET", "/explain/cpu", empty(), 404, "text/html", []string{"Nothing of this name"}},
		{"usage", "GET", "/api/usage", played(), 200, "application/json", []string{`"date": "2026-11-22"`, `"worker_hours": `, `"cost": `}},
		{"no usage yet", "GET", "/api/usage", empty(), 200, "application/json", []string{"[]"}},
		{"text stays text", "GET", "/", played(hostile), 200, "text/html", []string{"&lt;script&gt;alert("}},
		{"nothing yet", "GET", "/", empty(), 200, "text/html", []string{"Nothing has been read yet.", "Nothing has been decided yet.", "nothing yet</text>"}},
		{"a queue that can not be read", "GET", "/", played(unread), 200, "text/html", []string{`role="alert">nothing is done in this round: read the queue: no answer within 10s`, "astro-cpu-5"}},
		{"one that waits", "GET", "/", played(waiting), 200, "text/html", []string{"Only watching: scaler front-k3v9q acts for this cluster, this one waits"}},
		{"style", "GET", "/page.css", played(), 200, "text/css", []string{"@media"}},
		{"script", "GET", "/page.js", played(), 200, "text/javascript", []string{"fetch"}},
		{"metrics", "GET", "/metrics", played(), 200, "text/plain", []string{"vmcluster_scaler_jobs"}},
		{"health", "GET", "/healthz", played(), 200, "text/plain", []string{"ok: the last round ended"}},
		{"health of one that reads nothing", "GET", "/healthz", played(unread), 200, "text/plain", []string{"ok: ", "no answer within 10s"}},
		{"status", "GET", "/api/status", played(), 200, "application/json", []string{`"cluster": "astro"`}},
		{"no status yet", "GET", "/api/status", empty(), 503, "application/json", []string{"nothing has been read yet"}},
		{"decisions", "GET", "/api/decisions", played(), 200, "application/json", []string{`"what": "add"`}},
		{"no decisions yet", "GET", "/api/decisions", empty(), 200, "application/json", []string{"[]"}},
		{"history", "GET", "/api/history", played(), 200, "application/json", []string{`"hour": [`, `"busy": 9`}},
		{"nothing is changed", "POST", "/", played(), 405, "", nil},
		{"nothing else", "GET", "/etc/passwd", played(), 404, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(t, tt.h, tt.method, tt.path)
			body := w.Body.String()
			if w.Code != tt.code || !strings.HasPrefix(w.Header().Get("Content-Type"), tt.kind) {
				t.Errorf("%d %s", w.Code, w.Header().Get("Content-Type"))
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("it lacks %q:\n%s", want, body)
				}
			}
			if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("no content security policy")
			}
			if tt.kind == "application/json" && !json.Valid(w.Body.Bytes()) {
				t.Errorf("no JSON: %s", body)
			}
			if strings.Contains(body, "<script>") {
				t.Error("foreign text became a script")
			}
		})
	}
}

// The page loads nothing from other servers.
func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	h := played()
	body := ask(t, h, "GET", "/").Body.String()
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(links) < 5 {
		t.Fatalf("only %d links found", len(links))
	}
	for _, l := range links {
		if l[1] == "data:," || strings.HasPrefix(l[1], "#") {
			continue
		}
		if w := ask(t, h, "GET", "/"+l[1]); strings.Contains(l[1], "//") || w.Code != 200 {
			t.Errorf("%s: %d", l[1], w.Code)
		}
	}
	for _, name := range []string{"/page.css", "/page.js"} {
		if text := ask(t, h, "GET", name).Body.String(); strings.Contains(text, "//") && strings.Contains(text, "http") || strings.Contains(text, "url(") {
			t.Errorf("%s loads something", name)
		}
	}
}

// A gap in the records is a gap in the chart, not a line.
func TestAGapIsShown(t *testing.T) {
	body := ask(t, played(), "GET", "/").Body.String()
	path := regexp.MustCompile(`<path class="waiting" d="([^"]*)"`).FindStringSubmatch(body)
	if path == nil || strings.Count(path[1], "M") != 2 {
		t.Errorf("the line of waiting jobs: %v", path)
	}
}

func serve(t *testing.T, a web.Access) string {
	t.Helper()
	s, err := web.Listen(t.Context(), "127.0.0.1:0", a, played())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s.Address()
}

func TestPassword(t *testing.T) {
	address := serve(t, web.Access{Username: "ops", Password: "s3cret"})
	for _, tt := range []struct {
		name, password string
		path           string
		want           int
	}{
		{"ops", "s3cret", "/", 200}, {"ops", "s3cret", "/metrics", 200},
		{"ops", "wrong", "/", 401}, {"", "", "/", 401}, {"other", "s3cret", "/", 401}, {"ops", "", "/healthz", 401}, {"ops", "s3cret2", "/api/status", 401},
	} {
		req := httptest.NewRequest("GET", "http://"+address+tt.path, nil)
		req.RequestURI = ""
		if tt.name != "" {
			req.SetBasicAuth(tt.name, tt.password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s as %q with %q: %d, want %d", tt.path, tt.name, tt.password, resp.StatusCode, tt.want)
		}
	}
}

func TestPasswordComesFromFileOrEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	const variable = "VMCLUSTER_TEST_PASSWORD"
	check := func(content, env, want, problem string) {
		t.Helper()
		name := ""
		if content != "" {
			name = file
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv(variable, env)
		got, err := web.Password(name, variable)
		if got != want || (err != nil) != (problem != "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("file %q, variable %q: %q, %v; want %q, %q", content, env, got, err, want, problem)
		}
	}
	check("one\ntwo\n", "env", "one", "")
	check("one\r\n", "", "one", "")
	check("", "env", "env", "")
	check("", "", "", "is not set")
	check("\n", "env", "", "is empty")
	if _, err := web.Password("/nowhere", variable); err == nil {
		t.Error("a file that is not there: no error")
	}
}

// pair makes a self-signed certificate, writes it, and returns it.
func pair(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	first := pair(t, dir, "server")
	pair(t, dir, "client")
	address := serve(t, web.Access{CertificateFile: in("server.crt"), KeyFile: in("server.key"), ClientCAFile: in("client.crt")})
	ask := func(trusted *x509.Certificate, own bool) error {
		t.Helper()
		config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
		config.RootCAs.AddCert(trusted)
		if own {
			c, err := tls.LoadX509KeyPair(in("client.crt"), in("client.key"))
			if err != nil {
				t.Fatal(err)
			}
			config.Certificates = []tls.Certificate{c}
		}
		client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
		resp, err := client.Get("https://" + address + "/healthz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return err
	}
	if err := ask(first, true); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	if err := ask(first, false); err == nil {
		t.Error("without a client certificate: an answer")
	}
	renewed := pair(t, dir, "server")
	if err := os.Chtimes(in("server.crt"), time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := ask(renewed, true); err != nil {
		t.Errorf("with the renewed certificate: %v", err)
	}
	if err := os.WriteFile(in("server.crt"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ask(renewed, true); err != nil {
		t.Errorf("while the file is not whole: %v", err)
	}
}

func TestListenFailsAtOnce(t *testing.T) {
	taken := serve(t, web.Access{})
	dir := t.TempDir()
	pair(t, dir, "server")
	good := web.Access{CertificateFile: filepath.Join(dir, "server.crt"), KeyFile: filepath.Join(dir, "server.key")}
	noCA := good
	noCA.ClientCAFile = good.KeyFile
	for want, tt := range map[string]struct {
		address string
		a       web.Access
	}{
		"open the page's address":                            {taken, web.Access{}},
		"read the page's certificate":                        {"127.0.0.1:0", web.Access{CertificateFile: "/nowhere", KeyFile: "/nowhere"}},
		"read the clients' CA certificates: " + good.KeyFile: {"127.0.0.1:0", noCA},
	} {
		if _, err := web.Listen(t.Context(), tt.address, tt.a, empty()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
