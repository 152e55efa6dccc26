package openstack

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestLoginAndListAreTwoRequests(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": says(200, `{"servers": []}`)})
	if _, err := a.client().Nodes(background, cluster.IDTag("c1")); err != nil {
		t.Fatal(err)
	}
	want := "POST /v3/auth/tokens\nGET /compute/v2.1/servers/detail?limit=1000&tags=vmcluster%3Ac1"
	if a.lines() != want {
		t.Errorf("requests are\n%s, want\n%s", a.lines(), want)
	}
	list := a.since(1)[0].header
	for name, want := range map[string]string{"Openstack-Api-Version": "compute 2.52", "X-Openstack-Nova-Api-Version": "2.52", "X-Auth-Token": "t1"} {
		if got := list.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if agent := list.Get("User-Agent"); !strings.HasPrefix(agent, "vmcluster/1 ") {
		t.Errorf("user agent is %q", agent)
	}
}

func TestCatalogAddresses(t *testing.T) {
	tests := map[string]struct {
		address string
		of      func(string) string
		want    string
	}{
		"compute with version":             {"https://nova:8774/v2.1/", computeURL, "https://nova:8774/v2.1/"},
		"compute with version and project": {"https://nova:8774/v2.1/p1/", computeURL, "https://nova:8774/v2.1/p1/"},
		"compute, old version: no tags":    {"https://cloud/nova/v2/p1/", computeURL, "https://cloud/nova/v2.1/p1/"},
		"compute without version":          {"https://cloud/compute/", computeURL, "https://cloud/compute/v2.1/"},
		"network without version":          {"https://neutron:9696/", networkURL, "https://neutron:9696/v2.0/"},
		"network with version":             {"https://neutron:9696/v2.0/", networkURL, "https://neutron:9696/v2.0/"},
		"image without version":            {"https://cloud/image/", imageURL, "https://cloud/image/v2/"},
		"image with version":               {"https://glance:9292/v2/", imageURL, "https://glance:9292/v2/"},
		"a path that only looks like v2":   {"https://cloud/v2cloud/compute/", computeURL, "https://cloud/v2cloud/compute/v2.1/"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.of(test.address); got != test.want {
				t.Errorf("address is %s, want %s", got, test.want)
			}
		})
	}
}

func TestLoginRefused(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{
		"POST /v3/auth/tokens": says(401, `{"error": {"code": 401, "message": "The request you have made requires authentication."}}`),
	})
	_, err := New(background, a.config())
	wantKind(t, err, cluster.FaultAuth, "log in at "+a.URL, "requires authentication")
	if len(a.since(0)) != 1 {
		t.Errorf("requests are\n%s", a.lines())
	}
}

func TestLoginWithoutProject(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"POST /v3/auth/tokens": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", "t1")
		w.WriteHeader(201)
		w.Write([]byte(`{"token": {"expires_at": "2100-01-01T00:00:00.000000Z"}}`))
	}})
	config := a.config()
	config.TenantName = ""
	_, err := New(background, config)
	var ce *ConfigError
	if !errors.As(err, &ce) || ce.Field != "tenant_name" {
		t.Errorf("error is %v, want one of tenant_name", err)
	}
}

func TestUnknownRegionNamesTheOthers(t *testing.T) {
	a := newAPI(t, nil)
	config := a.config()
	config.Region = "South"
	_, err := New(background, config)
	var ce *ConfigError
	if !errors.As(err, &ce) || ce.Field != "region" || !strings.Contains(ce.Message, "North") {
		t.Errorf("error is %v, want one of region that names North", err)
	}
}

// A token lives for an hour or so, an apply may take longer.
func TestExpiredTokenIsRenewed(t *testing.T) {
	var posts atomic.Int64
	a := newAPI(t, map[string]http.HandlerFunc{"POST /compute/v2.1/servers": func(w http.ResponseWriter, _ *http.Request) {
		if posts.Add(1) == 1 {
			says(401, `{"error": {"message": "expired"}}`)(w, nil)
			return
		}
		says(202, `{"server": {"id": "s1"}}`)(w, nil)
	}})
	id, err := a.client().CreateNode(background, cluster.NodeRequest{Name: "astro-cpu-1", Image: "i1", Flavor: "f1", Network: "n1"})
	if err != nil || id != "s1" {
		t.Fatalf("server %q, %v", id, err)
	}
	want := "POST /v3/auth/tokens\nPOST /compute/v2.1/servers\nPOST /v3/auth/tokens\nPOST /compute/v2.1/servers"
	if a.lines() != want {
		t.Errorf("requests are\n%s, want\n%s", a.lines(), want)
	}
	calls := a.since(0)
	if calls[1].body != calls[3].body {
		t.Errorf("the second body differs: %s and %s", calls[1].body, calls[3].body)
	}
}

// A request is sent on within its server, as it is; never as another one, and never to
// another host, which would get the token.
func TestSentOn(t *testing.T) {
	stranger := newAPI(t, nil)
	for name, row := range map[string]struct {
		status int
		to     string // "" is another path of the same server
		method string
		goes   bool
	}{
		"a read, by another path":         {301, "", "GET", true},
		"a write, by another path":        {308, "", "POST", true},
		"a write that would be a read":    {302, "", "POST", false},
		"a deletion that would be a read": {301, "", "DELETE", false},
		"a read, by another host":         {302, stranger.URL, "GET", false},
		"a write, by another host":        {307, stranger.URL, "POST", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{
				row.method + " /compute/v2.1/x": func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, row.to+"/compute/v2.1/x/", row.status)
				},
				row.method + " /compute/v2.1/x/": says(200, `{}`),
			})
			c := a.client()
			sc, err := c.compute()
			if err != nil {
				t.Fatal(err)
			}
			_, err = try(background, sc, row.method, sc.Endpoint+"x", nil)
			if (err == nil) != row.goes {
				t.Errorf("error is %v\n%s", err, a.lines())
			}
			if sent := len(a.since(1)); row.goes && sent != 2 || !row.goes && sent != 1 {
				t.Errorf("requests are\n%s", a.lines())
			}
		})
	}
	if n := len(stranger.since(0)); n > 0 {
		t.Errorf("another host got %d requests", n)
	}
}

func TestSentOnToTLS(t *testing.T) {
	for to, goes := range map[string]bool{"https://nova:8774/x": true, "https://nova/x": true, "http://nova:8775/x": false, "https://glance/x": false} {
		first, _ := http.NewRequestWithContext(background, "GET", "http://nova:8774/x", nil)
		next, _ := http.NewRequestWithContext(background, "GET", to, nil)
		if err := stay(next, []*http.Request{first}); (err == nil) != goes {
			t.Errorf("%s: %v", to, err)
		}
	}
}
