package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// answers returns a handler that gives every request the same answer.
func answers(status int, contentType, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

func plain(t *testing.T, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// authority is a CA of a test, and what it signs.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newAuthority(t *testing.T) authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lab \x1b[2J CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))}
}

// serve returns the URL of a TLS server whose certificate is for that name until end.
func (a authority) serve(t *testing.T, name string, end time.Time) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: end}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(answers(401, "application/json", "{}"))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw, a.cert.Raw}, PrivateKey: a.key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// closedPort returns an address at which nothing listens.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// raw returns the URL of a server that writes text to each connection and closes it.
func raw(t *testing.T, text string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1)) // a request, whatever it is
			io.WriteString(c, text)
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// login returns a token whose catalog has those services.
func loggedIn(catalog string) http.Handler {
	return answers(201, "application/json", `{"token": {"expires_at": "2100-01-01T00:00:00.000000Z", "project": {"id": "p1", "name": "demo"}, "catalog": [`+catalog+`]}}`,
		"X-Subject-Token", "t1")
}

func endpoint(service, iface, region string) string {
	return fmt.Sprintf(`{"type": %q, "endpoints": [{"interface": %q, "region": %q, "region_id": %q, "url": "http://127.0.0.1:1/"}]}`, service, iface, region, region)
}

// Each row: a way in which a login fails, and what the user is told. Every text names
// what failed, has the API's words, and names the setting to change.
func TestConnectionFailures(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	soon := time.Now().Add(time.Hour)
	page := "<html><head><title>Log in</title></head><body><h1>OpenStack Dashboard</h1>Welcome &amp; log in</body></html>"
	refused := func(code int, words string) http.Handler {
		return answers(code, "application/json", fmt.Sprintf(`{"error": {"code": %d, "message": %q, "title": "x"}}`, code, words))
	}
	hang := func(t *testing.T) string {
		end := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-end:
			}
		}))
		t.Cleanup(func() { close(end); s.Close() })
		return s.URL
	}
	at := func(h http.Handler) func(*testing.T) string {
		return func(t *testing.T) string { return plain(t, h) + "/v3" }
	}
	for name, row := range map[string]struct {
		url    func(*testing.T) string
		change func(*openstack.Config)
		says   []string
	}{
		"never answers": {hang, func(c *openstack.Config) { c.RequestTimeout = 200 * time.Millisecond },
			[]string{"no answer from 127.0.0.1:", "within 200ms", "auth_url (or OS_AUTH_URL)", "request_timeout"}},
		"nothing listens": {closedPort, nil, []string{"no service listens at 127.0.0.1:", "connection refused", "auth_url (or OS_AUTH_URL)"}},
		"no such host": {func(*testing.T) string { return "http://keystone.invalid:5000/v3" }, nil,
			[]string{`"keystone.invalid"`, "auth_url (or OS_AUTH_URL)"}},
		"closes the connection": {func(t *testing.T) string { return raw(t, "") }, nil, []string{"ended the connection without a whole answer", "auth_url"}},
		"no HTTP": {func(t *testing.T) string { return raw(t, "SSH-2.0-OpenSSH_10.0\r\n") }, nil,
			[]string{"does not speak HTTP", "auth_url"}},
		"unknown CA": {func(t *testing.T) string { return ca.serve(t, "127.0.0.1", soon) }, nil,
			[]string{"signed by a CA that is not trusted here", "Lab", "cacert_file (or OS_CACERT)"}},
		"another CA": {func(t *testing.T) string { return stranger.serve(t, "127.0.0.1", soon) }, func(c *openstack.Config) { c.CACertFile = ca.pem },
			[]string{"signed by a CA that is not trusted here", "cacert_file (or OS_CACERT)"}},
		"expired": {func(t *testing.T) string { return ca.serve(t, "127.0.0.1", time.Now().Add(-time.Hour)) }, func(c *openstack.Config) { c.CACertFile = ca.pem },
			[]string{"is not valid now", "is after", "clock"}},
		"for another name": {func(t *testing.T) string { return ca.serve(t, "keystone.example.org", soon) }, func(c *openstack.Config) { c.CACertFile = ca.pem },
			[]string{"is for another name", "auth_url (or OS_AUTH_URL)"}},
		"https to http": {func(t *testing.T) string {
			return strings.Replace(plain(t, answers(200, "text/html", page)), "http:", "https:", 1)
		}, nil,
			[]string{"does not speak TLS", "http://", "auth_url"}},
		"http to https": {func(t *testing.T) string {
			return strings.Replace(ca.serve(t, "127.0.0.1", soon), "https:", "http:", 1)
		}, nil,
			[]string{"HTTP request to an HTTPS server", "https://", "auth_url"}},

		"wrong path, JSON":     {at(answers(404, "application/json", `{"error": {"message": "The resource could not be found."}}`)), nil, []string{"The resource could not be found. (HTTP 404)", "auth_url", "/v3"}},
		"wrong path, HTML":     {at(answers(404, "text/html", "<html><body><h1>404 Not Found</h1></body></html>")), nil, []string{"404 Not Found (HTTP 404)", "auth_url", "/v3"}},
		"a page with 200":      {at(answers(200, "text/html", page)), nil, []string{"OpenStack Dashboard Welcome & log in (HTTP 200)", "auth_url", "web page"}},
		"a page with 201":      {at(answers(201, "text/html", page, "X-Subject-Token", "t")), nil, []string{"no whole JSON", "auth_url"}},
		"nothing with 201":     {at(answers(201, "application/json", "", "X-Subject-Token", "t")), nil, []string{"no whole JSON", "auth_url"}},
		"JSON without a token": {at(answers(201, "application/json", `{"hello": 1}`)), nil, []string{`"token" not found`, "auth_url"}},
		"no token header":      {at(answers(201, "application/json", `{"token": {"catalog": []}}`)), nil, []string{"the answer holds no token", "auth_url"}},
		"JSON of another form": {at(answers(201, "application/json", `{"token": {"catalog": "x"}}`, "X-Subject-Token", "t")), nil, []string{"has not the form", "auth_url"}},
		"sent on":              {at(answers(301, "text/html", "", "Location", "https://new.example.org/v3/auth/tokens")), nil, []string{"https://new.example.org", "HTTP 301", "auth_url"}},
		"400":                  {at(refused(400, "Expecting to find domain in user.")), nil, []string{"Expecting to find domain in user. (HTTP 400)", "user_domain_name (or OS_USER_DOMAIN_NAME)"}},
		"401":                  {at(refused(401, "The request you have made requires authentication.")), nil, []string{"requires authentication. (HTTP 401)", "user_name (or OS_USERNAME)", "password (or OS_PASSWORD)", "tenant_name"}},
		"401 of a token": {at(refused(401, "Could not recognize Fernet token")), func(c *openstack.Config) { c.UserName, c.Password, c.Token = "", "", "gAAA" },
			[]string{"Could not recognize Fernet token (HTTP 401)", "token (or OS_TOKEN, OS_AUTH_TOKEN)", "runs out"}},
		"401 of an application credential": {at(refused(401, "Could not find Application Credential: ac1.")), func(c *openstack.Config) {
			c.UserName, c.Password, c.TenantName, c.ApplicationCredentialID, c.ApplicationCredentialSecret = "", "", "", "ac1", "s"
		}, []string{"Could not find Application Credential: ac1. (HTTP 401)", "application_credential_id", "application_credential_secret"}},
		"403":          {at(refused(403, "The account is locked for user: u1.")), nil, []string{"The account is locked for user: u1. (HTTP 403)", "user_name"}},
		"429 for ever": {at(answers(429, "text/plain", "Slow down", "Retry-After", "3600")), nil, []string{"Slow down (HTTP 429)", "max_retries"}},
		"502 of a proxy": {at(answers(502, "text/html", "<html><body><h1>502 Bad Gateway</h1>nginx</body></html>")), nil,
			[]string{"502 Bad Gateway nginx (HTTP 502)", "in trouble", "auth_url"}},
		"503 with an ID": {at(answers(503, "application/json", `{"error": {"message": "No DB"}}`, "X-Openstack-Request-Id", "req-7")), nil,
			[]string{"No DB [req-7] (HTTP 503)", "in trouble"}},
		"words without end": {at(answers(404, "text/plain", strings.Repeat("\x1b[31mred\u202e ", 100000))), nil, []string{"[31mred", "… (HTTP 404)"}},

		"no catalog":     {at(loggedIn("")), nil, []string{"no public endpoint", "endpoint_type (or OS_INTERFACE, OS_ENDPOINT_TYPE)", "region"}},
		"no network":     {at(loggedIn(endpoint("compute", "public", "North"))), nil, []string{"Find the network service", "endpoint_type"}},
		"another region": {at(loggedIn(endpoint("compute", "public", "North"))), func(c *openstack.Config) { c.Region = "South" }, []string{"region", `"South"`, "North", "OS_REGION_NAME"}},
		"no internal endpoint": {at(loggedIn(endpoint("compute", "public", "North"))), func(c *openstack.Config) { c.EndpointType = "internal" },
			[]string{"no internal endpoint", "endpoint_type"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConnector(providerModel{}, "test")
			c.config.Getenv = func(string) string { return "" }
			c.config.AuthURL, c.config.UserName, c.config.Password, c.config.TenantName = row.url(t), "alice", "s3cret", "demo"
			c.config.MaxRetries = new(0) // internal/openstack/transport tests when a request is repeated
			if row.change != nil {
				row.change(&c.config)
			}
			start := time.Now()
			_, err := c.connect(t.Context())
			if err == nil {
				t.Fatal("the login went well")
			}
			checkConnectionText(t, err, row.says)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// checkConnectionText checks what a user reads of a failed connection.
func checkConnectionText(t *testing.T, err error, says []string) {
	t.Helper()
	d := diagnose.Unbegun("The cloud can't be reached", err)
	text := d.Summary() + "\n" + d.Detail()
	for _, s := range says {
		if !strings.Contains(text, s) {
			t.Errorf("does not say %q:\n%s", s, text)
		}
	}
	for _, never := range []string{"in the state", "image", "flavor", "did not answer", "json:", "Go value", "tokens.", "x509:", "s3cret", "..", "\x1b", "\u202e", "%!"} {
		if strings.Contains(text, never) {
			t.Errorf("says %q:\n%s", never, text)
		}
	}
	if len(text) > 1500 {
		t.Errorf("is %d characters long", len(text))
	}
}

// Each row: a clouds.yaml and the entry asked for, and what the user is told.
func TestCloudsYAMLFailures(t *testing.T) {
	url := plain(t, answers(401, "application/json", `{"error": {"message": "no"}}`))
	good := "clouds:\n  research: {auth: {auth_url: " + url + ", username: a, password: s3cret, project_name: p}}\n"
	for name, row := range map[string]struct {
		content *string // nil: no file
		cloud   string
		says    []string
	}{
		"no file":           {nil, "research", []string{"cloud", "no clouds.yaml", "OS_CLIENT_CONFIG_FILE"}},
		"an empty file":     {new(""), "research", []string{"is empty", `"research"`, "clouds"}},
		"blanks":            {new("\n  \n"), "research", []string{"is empty"}},
		"no entry at all":   {new("clouds: {}\n"), "research", []string{"has no entry", `"research"`}},
		"another key":       {new("cloud:\n  research: {}\n"), "research", []string{"has no entry", "clouds"}},
		"an unknown entry":  {&good, "reserch", []string{`no entry "reserch"`, "research"}},
		"no YAML":           {new("clouds:\n  research: {auth: {password: s3cret\n"), "research", []string{"no valid clouds.yaml"}},
		"a tab":             {new("clouds:\n\tresearch: s3cret\n"), "research", []string{"no valid clouds.yaml"}},
		"a text for a map":  {new("clouds:\n  research: s3cret\n"), "research", []string{"no valid clouds.yaml"}},
		"a list":            {new("- s3cret\n"), "research", []string{"no valid clouds.yaml"}},
		"no auth":           {new("clouds:\n  research: {region_name: North}\n"), "research", []string{"section auth"}},
		"no auth_url":       {new("clouds:\n  research: {auth: {username: a, password: s3cret}}\n"), "research", []string{"auth_url"}},
		"no credential":     {new("clouds:\n  research: {auth: {auth_url: " + url + "}}\n"), "research", []string{"No credential", "password (or OS_PASSWORD)"}},
		"no CA file":        {new("clouds:\n  research: {auth: {auth_url: " + url + "}, cacert: /no/such/file}\n"), "research", []string{"/no/such/file", "can't be read"}},
		"the login refused": {&good, "research", []string{"no (HTTP 401)", "user_name"}},
		"the wrong path":    {new(strings.Replace(good, url, plain(t, answers(404, "text/html", "<p>none</p>")), 1)), "research", []string{`auth_url of the entry "research" in clouds.yaml`}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"OS_CLOUD", "OS_REGION_NAME", "OS_INTERFACE", "OS_CLIENT_CONFIG_FILE", "OS_CACERT", "OS_CERT", "OS_KEY"} {
				t.Setenv(v, "") // the library reads these by itself
			}
			file := filepath.Join(t.TempDir(), "clouds.yaml")
			if row.content != nil {
				if err := os.WriteFile(file, []byte(*row.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c := newConnector(providerModel{}, "test")
			c.config.Getenv = func(name string) string { return map[string]string{"OS_CLIENT_CONFIG_FILE": file}[name] }
			c.config.Cloud = row.cloud
			_, err := c.connect(t.Context())
			if err == nil {
				t.Fatal("the login went well")
			}
			checkConnectionText(t, err, row.says)
		})
	}
}
