package openstack

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const (
	id1 = "11111111-1111-4111-8111-111111111111"
	id2 = "22222222-2222-4222-8222-222222222222"
	id3 = "33333333-3333-4333-8333-333333333333"
)

func TestPick(t *testing.T) {
	all := []named{{id1, "debian-13"}, {id2, "debian-12"}, {id3, "debian-12"}, {"4", "m1.tiny"}, {"5", id1}, {"6", "Cluster.*"}}
	tests := map[string]struct {
		wanted string
		id     string // "" if none
		kind   cluster.FaultKind
		words  []string
	}{
		"by name":                   {"debian-13", id1, "", nil},
		"by ID":                     {id2, id2, "", nil},
		"by an ID of another form":  {"4", "4", "", nil},
		"an ID before a name":       {id1, id1, "", nil},
		"names are no patterns":     {"Cluster.*", "6", "", nil},
		"a pattern is no name":      {"debian.*", "", cluster.FaultNotFound, []string{`find image "debian.*"`, "debian-12"}},
		"part of a name is no name": {"debian", "", cluster.FaultNotFound, []string{`close: "debian-12", "debian-13"`}},
		"case counts":               {"M1.TINY", "", cluster.FaultNotFound, []string{`close: "m1.tiny"`}},
		"two of one name":           {"debian-12", "", cluster.FaultAmbiguous, []string{"2 images have this name", id2 + ", " + id3}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := pick("image", test.wanted, all, func(n named) named { return n })
			if test.kind != "" {
				wantKind(t, err, test.kind, test.words...)
				return
			}
			if err != nil || got.id != test.id {
				t.Errorf("found %v, %v; want %s", got, err, test.id)
			}
		})
	}
	_, err := pick("image", "x", nil, func(n named) named { return n })
	wantKind(t, err, cluster.FaultNotFound, "there is no image at all")
}

func TestClosest(t *testing.T) {
	names := []string{"ubuntu-24.04", "debian-13-hpc", "debian-12", "rocky-9", "alma-9", "windows-2025", "debian-12"}
	for wanted, says := range map[string]string{
		"debain-12": `; close: "debian-12"`,
		"hpc":       `; close: "debian-13-hpc"`,
		"X":         `; there is "alma-9", "debian-12", "debian-13-hpc", "rocky-9", "ubuntu-24.04" and 1 more`,
	} {
		_, err := pick("image", wanted, names, func(name string) named { return named{"id of " + name, name} })
		if err == nil || !strings.HasSuffix(err.Error(), says) {
			t.Errorf("%s: %v, want %s", wanted, err, says)
		}
	}
}

// filtered answers a list as Glance and Neutron do: by the query's name and id.
func filtered(key string, items map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var out []string
		for _, id := range []string{id1, id2, id3} {
			item := items[id]
			name, wantID := r.URL.Query().Get("name"), r.URL.Query().Get("id")
			if item != "" && (wantID == "" || wantID == id) && (name == "" || strings.Contains(item, `"name": "`+name+`"`)) {
				out = append(out, item)
			}
		}
		w.Write([]byte(`{"` + key + `": [` + strings.Join(out, ",") + `]}`))
	}
}

func TestResolveImage(t *testing.T) {
	image := func(id, name string) string {
		return `{"id": "` + id + `", "name": "` + name + `", "status": "active", "min_disk": 10, "min_ram": 512, "size": 1}`
	}
	images := map[string]string{id1: image(id1, "debian-13"), id2: image(id2, "twice"), id3: image(id3, "twice")}
	a := newAPI(t, map[string]http.HandlerFunc{
		"GET /image/v2/images":        filtered("images", images),
		"GET /image/v2/images/" + id1: says(200, images[id1]),
	})
	c := a.client()
	want := Image{ID: id1, Name: "debian-13", MinDisk: 10, MinRAM: 512, Status: "active"}
	for _, wanted := range []string{"debian-13", id1} {
		if got, err := c.ResolveImage(background, wanted); err != nil || got != want {
			t.Errorf("image %s: %v, %v; want %v", wanted, got, err, want)
		}
	}
	if n := len(a.since(1)); n != 2 {
		t.Errorf("%d requests, want one for each", n)
	}
	_, err := c.ResolveImage(background, "twice")
	wantKind(t, err, cluster.FaultAmbiguous, id2)
	_, err = c.ResolveImage(background, "debian-14")
	wantKind(t, err, cluster.FaultNotFound, `close: "debian-13"`)
	_, err = c.ResolveImage(background, "99999999-9999-4999-8999-999999999999")
	wantKind(t, err, cluster.FaultNotFound)
}

// An image that can't be booted is said to be such by its state, and never stands in
// the way of an active one of the same name.
func TestResolveImageThatIsNotActive(t *testing.T) {
	image := func(id, name, status string) string {
		return `{"id": "` + id + `", "name": "` + name + `", "status": "` + status + `"}`
	}
	images := map[string]string{id1: image(id1, "debian-13", "deactivated"), id2: image(id2, "debian-13", "active"), id3: image(id3, "upload", "queued")}
	c := newAPI(t, map[string]http.HandlerFunc{
		"GET /image/v2/images":        filtered("images", images),
		"GET /image/v2/images/" + id1: says(200, images[id1]),
	}).client()
	if got, err := c.ResolveImage(background, "debian-13"); err != nil || got.ID != id2 {
		t.Errorf("found %v, %v; want %s", got, err, id2)
	}
	_, err := c.ResolveImage(background, id1)
	wantKind(t, err, cluster.FaultImage, "deactivated", "can't be booted")
	_, err = c.ResolveImage(background, "upload")
	wantKind(t, err, cluster.FaultImage, "queued", "can't be booted")
}

func TestResolveFlavorListsOnce(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/flavors/detail": says(200, `{"flavors": [
		{"id": "1", "name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1, "swap": ""}, {"id": "2", "name": "m1.large", "vcpus": 4, "ram": 8192, "disk": 80, "swap": ""}]}`)})
	c := a.client()
	want := Flavor{ID: "2", Name: "m1.large", VCPUs: 4, RAM: 8192, Disk: 80}
	for _, wanted := range []string{"m1.large", "2", "m1.large"} {
		if got, err := c.ResolveFlavor(background, wanted); err != nil || got != want {
			t.Errorf("flavor %s: %v, %v", wanted, got, err)
		}
	}
	if n := len(a.since(1)); n != 1 {
		t.Errorf("%d requests for three flavors, want 1", n)
	}
	_, err := c.ResolveFlavor(background, "m1.larg")
	wantKind(t, err, cluster.FaultNotFound, `close: "m1.large"`)
	if n := len(a.since(1)); n != 2 {
		t.Errorf("%d requests, want a second for a flavor that was not among them", n)
	}
}

func TestResolveNetwork(t *testing.T) {
	network := func(id, name, external string) string {
		return `{"id": "` + id + `", "name": "` + name + `", "router:external": ` + external + `, "subnets": ["sub1"], "created_at": "2026-11-22T10:00:00Z"}`
	}
	a := newAPI(t, map[string]http.HandlerFunc{"GET /network/v2.0/networks": filtered("networks", map[string]string{
		id1: network(id1, "research", "false"), id2: network(id2, "public", "true"),
	})})
	c := a.client()
	for _, wanted := range []string{"research", id1} {
		if got, err := c.ResolveNetwork(background, wanted); err != nil || got.ID != id1 || got.Name != "research" || got.External {
			t.Errorf("network %s: %v, %v", wanted, got, err)
		}
	}
	if got, err := c.ResolveExternalNetwork(background, "public"); err != nil || got.ID != id2 || !got.External {
		t.Errorf("external network: %v, %v", got, err)
	}
	if n := len(a.since(1)); n != 1 {
		t.Errorf("%d requests for three networks, want 1", n)
	}
	_, err := c.ResolveExternalNetwork(background, "research")
	wantKind(t, err, cluster.FaultNotFound, `find external network "research"`, `there is "public"`)
	if n := len(a.since(1)); n != 2 {
		t.Errorf("%d requests, want a second for a network that was not among them", n)
	}
}

func TestResolveSecurityGroups(t *testing.T) {
	group := func(id, name, project string) string {
		return `{"id": "` + id + `", "name": "` + name + `", "tenant_id": "` + project + `", "project_id": "` + project + `"}`
	}
	a := newAPI(t, map[string]http.HandlerFunc{"GET /network/v2.0/security-groups": filtered("security_groups", map[string]string{
		id1: group(id1, "default", "p1"), id2: group(id2, "default", "p2"), id3: group(id3, "shared", "p2"),
	})})
	c := a.client()
	got, err := c.ResolveSecurityGroups(background, []string{"shared", "default"})
	if err != nil || !slices.Equal(got, []SecurityGroup{{id3, "shared"}, {id1, "default"}}) {
		t.Errorf("groups are %v, %v: want the shared one, and the project's own default", got, err)
	}
	_, err = c.ResolveSecurityGroups(background, []string{"default", "sshh"})
	wantKind(t, err, cluster.FaultNotFound, `find security group "sshh"`, "default")
}

// A key of several lines, or with a tab in its comment, is one line in the document.
func TestResolveKeyPairIsOneLine(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/os-keypairs": says(200,
		`{"keypairs": [{"keypair": {"name": "ops", "public_key": "ssh-ed25519 AAAA\tada at\r\nhome\n"}}]}`)})
	if key, err := a.client().ResolveKeyPair(background, "ops"); err != nil || key != "ssh-ed25519 AAAA ada at home" {
		t.Errorf("key is %q, %v", key, err)
	}
}

func TestResolveKeyPair(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/os-keypairs": says(200,
		`{"keypairs": [{"keypair": {"name": "ops", "public_key": "ssh-ed25519 AAAA ops"}}]}`)})
	c := a.client()
	if key, err := c.ResolveKeyPair(background, "ops"); err != nil || key != "ssh-ed25519 AAAA ops" {
		t.Errorf("key is %q, %v", key, err)
	}
	_, err := c.ResolveKeyPair(background, "op")
	wantKind(t, err, cluster.FaultNotFound, "no key pair has this name", `no key pair has this name; close: "ops"`)
}

func TestLimits(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/limits": says(200, `{"limits": {"rate": [], "absolute": {
		"maxTotalInstances": 10, "totalInstancesUsed": 12, "maxTotalCores": -1, "totalCoresUsed": 5, "maxTotalRAMSize": 51200, "totalRAMUsed": 1200, "maxServerMeta": 128}}}`)})
	l, err := a.client().Limits(background)
	if err != nil || l != (Limits{Instances: Quota{10, 12}, Cores: Quota{-1, 5}, RAM: Quota{51200, 1200}, MetadataItems: 128}) {
		t.Errorf("limits are %v, %v", l, err)
	}
}
