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
