package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/lease"
)

// recorder keeps the calls that a client makes.
type recorder struct {
	mu    sync.Mutex
	calls []string // "METHOD path"
}

func (r *recorder) log(_ context.Context, _ string, fields map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprint(fields["method"], " ", fields["path"]))
}

// check fails for calls that no rule allows, and returns the rules that no call needs.
func (r *recorder) check(t *testing.T, rules []access.Rule) (unused []access.Rule) {
	t.Helper()
	used := map[access.Rule]bool{}
	for _, call := range r.calls {
		method, path, _ := strings.Cut(call, " ")
		if strings.HasSuffix(path, "/v3/auth/tokens") {
			continue // the login has no rule
		}
		i := slices.IndexFunc(rules, func(rule access.Rule) bool { return rule.Allows(rule.Service, method, path) })
		if i < 0 {
			t.Errorf("no rule allows %s", call)
			continue
		}
		used[rules[i]] = true
	}
	return slices.DeleteFunc(slices.Clone(rules), func(rule access.Rule) bool { return used[rule] })
}

// volumeLeft is the ID of a volume that a deleted server may have left.
const volumeLeft = "0d9bd4e4-0000-4000-8000-000000000001"

// memos writes two memos, reads them with the servers, and drops one twice.
func memos(t *testing.T, scaler *openstack.Client, nova *actuate.Nova) {
	t.Helper()
	read := func() (id string, texts []string) {
		view, err := nova.Read(t.Context())
		fe, ok := view.Nodes.FrontEnd()
		if err != nil || !ok {
			t.Fatal(err)
		}
		slices.Sort(fe.Memos)
		return fe.ID, fe.Memos
	}
	id, before := read()
	size, gone := "s.68ab84.092fcf.4.668.1i6g.0", "g."+volumeLeft+".tlyk9s"
	for _, text := range []string{size, gone, size} {
		if err := scaler.AddMemo(t.Context(), id, text); err != nil {
			t.Errorf("note %s: %v", text, err)
		}
	}
	if _, texts := read(); len(before) != 0 || !slices.Equal(texts, []string{gone, size}) {
		t.Errorf("memos %q, before %q", texts, before)
	}
	for _, text := range []string{gone, gone, size} {
		if err := scaler.DropMemo(t.Context(), id, text); err != nil {
			t.Errorf("drop %s: %v", text, err)
		}
	}
	if _, texts := read(); len(texts) != 0 {
		t.Errorf("memos %q are left", texts)
	}
}

// life makes all calls of a scaler: it takes the lease, reads, adds, marks, reads a
// console, removes, collects what was left, and releases the lease.
//
// lose makes a worker vanish, if the cloud can do that.
func life(t *testing.T, scaler *openstack.Client, name string, lose func(worker string)) {
	t.Helper()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	ctx := t.Context()
	nova := actuate.NewNova(name, provision.Steps{Provisioner: provision.New(scaler, provision.Options{Owner: cluster.OwnerScaler})})
	keeper := lease.New(scaler, "life")
	view, err := nova.Read(ctx)
	must("read", err)
	standing, err := keeper.Hold(ctx, view, true)
	if must("take the lease", err); !standing.Mine {
		t.Fatalf("the lease is not ours: %+v", standing)
	}
	memos(t, scaler, nova)
	id := view.Document.ID
	_, err = scaler.ResolveFlavor(ctx, view.Document.Groups["cpu"].Flavor)
	must("look a flavor up", err)
	_, err = scaler.Limits(ctx)
	must("read the quota", err)
	posted, err := nova.Post(ctx, id, []actuate.Order{{Group: "cpu", Count: 2}, {Group: "spread", Count: 1}}, nil)
	must("add, also to a group with a server group", err)
	names := posted.Accepted
	enrol(t, nova, names)
	must("mark", nova.Mark(ctx, id, map[string]cluster.Leaving{names[0]: cluster.LeaveIdle}))
	view, err = nova.Read(ctx)
	must("read", err)
	_, err = nova.Report(ctx, view, false)
	must("read the report", err)
	if standing, err = keeper.Hold(ctx, view, true); err != nil || !standing.Mine {
		t.Errorf("the lease is lost: %+v, %v", standing, err)
	}
	first, there := view.Nodes.ByName(names[0])
	if !there {
		t.Fatalf("%s is not in the list", names[0])
	}
	_, err = scaler.ConsoleTail(ctx, first.ID, 30)
	must("read a console", err)
	lose(names[1])
	if _, err = nova.Read(ctx); err != nil {
		t.Errorf("read: %v", err)
	}
	twin, _ := view.Nodes.ByName(names[2])
	if err := nova.Discard(ctx, id, twin.ID); !cluster.IsKind(err, cluster.FaultConflict) {
		t.Errorf("delete a server that is in the roster: %v", err)
	}
	_, err = nova.Remove(ctx, id, names, names[:1])
	must("remove", err)
	forget(t, nova, id, names)
	found, err := scaler.CollectRemains(ctx, first.ID, []string{volumeLeft})
	must("collect what a server left", err)
	t.Logf("found %v", found)
	must("release the lease", keeper.Release(ctx))
}

// until reads the cluster until a step is done.
func until(t *testing.T, nova *actuate.Nova, what string, done func(cluster.View) bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		view, err := nova.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if done(view) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not done in 5 minutes: %v", what, view.Nodes)
		}
	}
}

// enrol writes workers into the roster as soon as they have addresses.
func enrol(t *testing.T, nova *actuate.Nova, names []string) {
	t.Helper()
	until(t, nova, "enrol", func(v cluster.View) bool {
		if _, err := nova.Enrol(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(names, func(name string) bool { _, listed := v.Document.Member(name); return !listed })
	})
}

// forget takes workers out of the roster as soon as their servers are gone.
func forget(t *testing.T, nova *actuate.Nova, id string, names []string) {
	t.Helper()
	until(t, nova, "forget", func(v cluster.View) bool {
		if slices.ContainsFunc(v.Nodes, func(n cluster.Node) bool { return slices.Contains(names, n.Name) }) {
			return false
		}
		_, err := nova.Forget(t.Context(), id, names)
		if err != nil {
			t.Fatal(err)
		}
		return true
	})
}

// birth makes the cluster that the scaler finds, as terraform apply would.
func birth(t *testing.T, maker *openstack.Client, name, image, flavor, network string) {
	t.Helper()
	ctx := t.Context()
	i, err := maker.ResolveImage(ctx, image)
	if err != nil {
		t.Fatal(err)
	}
	f, err := maker.ResolveFlavor(ctx, flavor)
	if err != nil {
		t.Fatal(err)
	}
	n, err := maker.ResolveNetwork(ctx, network)
	if err != nil {
		t.Fatal(err)
	}
	node := cluster.NodeSpec{Image: i.ID, Flavor: f.ID, Network: n.ID}
	spread := node
	spread.ServerGroup = "soft-anti-affinity"
	scaling := &cluster.Scaling{Max: 5}
	p := provision.New(maker, provision.Options{})
	id := uuid.NewString()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		if err := p.Destroy(ctx, cluster.Ref{ID: id}, nil); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	_, err = p.Apply(ctx, provision.Request{
		Spec: cluster.Spec{
			ID: id, Name: name, LoginUser: "astro", LoginUID: cluster.DefaultLoginUID, BatchSystem: "htcondor", FrontEnd: node,
			Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Scaling: scaling}, "spread": {NodeSpec: spread, Scaling: scaling}},
		},
		Wait: provision.WaitActive, CreatedBy: "test", Create: true,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func client(t *testing.T, c openstack.Config) *openstack.Client {
	t.Helper()
	out, err := openstack.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func startCloud(t *testing.T) (*openstacktest.Cloud, openstack.Config) {
	t.Helper()
	cloud := openstacktest.New(openstacktest.Options{BlockStorage: true})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	return cloud, openstack.Config{
		AuthURL: cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password,
		UserDomainName: openstacktest.DomainName, TenantName: openstacktest.ProjectName,
		ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
	}
}

// add makes one worker.
func add(t *testing.T, nova *actuate.Nova, id string) error {
	t.Helper()
	_, err := nova.Post(t.Context(), id, []actuate.Order{{Group: "cpu", Count: 1}}, nil)
	return err
}

// A scaler's life makes no call outside the rules, and needs each rule.
func TestRulesFitALife(t *testing.T) {
	cloud, config := startCloud(t)
	birth(t, client(t, config), "astro", "debian-13-hpc", "m1.small", "private")
	front, _ := cloud.Server("astro-frontend")
	if err := cloud.PostPassword(front.ID, `{"generation":1,"joined":0,"pending":1}`); err != nil { // an old report: it is cleared
		t.Fatal(err)
	}
	var r recorder
	config.Log = r.log
	scaler := client(t, config)
	life(t, scaler, "astro", func(worker string) {
		server, _ := cloud.Server(worker)
		cloud.RemoveServer(server.ID)
		// Another one leaves a port and a volume.
		other, _ := cloud.Server("astro-cpu-1")
		cloud.Fault(openstacktest.Fault{Method: "GET", Path: "/network/ports", Status: 200, Body: `{"ports": [{"id": "p1", "device_id": "` + other.ID + `", "device_owner": "compute:nova"}]}`})
		cloud.Fault(openstacktest.Fault{Method: "GET", Path: "/volume/*/volumes/*", Status: 200, Body: `{"volume": {"id": "` + volumeLeft + `", "attachments": []}}`})
	})
	endpoints, err := scaler.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range r.check(t, access.Rules(endpoints)) {
		t.Errorf("nothing needs %s %s", rule.Method, rule.Path)
	}
}

// Each missing rule causes an error that names it: a service answers 401 then.
func TestAMissingRuleIsNamed(t *testing.T) {
	cloud, config := startCloud(t)
	birth(t, client(t, config), "astro", "debian-13-hpc", "m1.small", "private")
	scaler := client(t, config)
	nova := actuate.NewNova("astro", provision.Steps{Provisioner: provision.New(scaler, provision.Options{Owner: cluster.OwnerScaler})})
	view, err := nova.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := view.Document.ID
	front, _ := view.Nodes.FrontEnd()
	if err := add(t, nova, id); err != nil {
		t.Fatal(err)
	}
	worker := "astro-cpu-1"
	enrol(t, nova, []string{worker})
	for _, row := range []struct {
		method, path, says string
		status             int
		do                 func() error
	}{
		{"GET", "/compute/servers/detail", "GET /compute/v2.1/servers/detail", 401, func() error { _, err := nova.Read(t.Context()); return err }},
		{"POST", "/compute/servers", "POST /compute/v2.1/servers", 401, func() error { return add(t, nova, id) }},
		{"PUT", "/compute/servers/*/metadata", "PUT /compute/v2.1/servers/" + front.ID + "/metadata", 403, func() error {
			return nova.Mark(t.Context(), id, map[string]cluster.Leaving{worker: cluster.LeaveIdle})
		}},
		{"PUT", "/compute/servers/*/tags/*", "PUT /compute/v2.1/servers/" + front.ID + "/tags/", 401, func() error {
			_, err := lease.New(scaler, "x").Hold(t.Context(), view, true)
			return err
		}},
	} {
		cloud.Fault(openstacktest.Fault{
			Method: row.method, Path: row.path, Status: row.status, Times: -1,
			Body: `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`,
		})
		err := row.do()
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("(HTTP %d to %s", row.status, row.says)) {
			t.Errorf("%s %s: %v", row.method, row.path, err)
		}
		cloud.ClearFaults()
	}
}

func TestAllows(t *testing.T) {
	rule := access.Rule{Service: "compute", Method: "DELETE", Path: "/v2.1/servers/*"}
	for call, want := range map[string]bool{
		"compute DELETE /v2.1/servers/1":         true,
		"compute GET /v2.1/servers/1":            false,
		"network DELETE /v2.1/servers/1":         false,
		"compute DELETE /v2.1/servers":           false,
		"compute DELETE /v2.1/servers/":          false,
		"compute DELETE /v2.1/servers/1/x":       false,
		"compute DELETE /compute/v2.1/servers/1": false,
	} {
		w := strings.Fields(call)
		if rule.Allows(w[0], w[1], w[2]) != want {
			t.Errorf("%s: %t", call, !want)
		}
	}
}

func TestWrite(t *testing.T) {
	endpoints := openstack.Endpoints{
		Compute: openstack.Endpoint{Type: "compute", Path: "/compute/v2.1"},
		Network: openstack.Endpoint{Type: "network", Path: "/networking/v2.0"},
	}
	for _, row := range []struct {
		volume openstack.Endpoint
		want   map[string]string // services and their paths
	}{
		{openstack.Endpoint{}, map[string]string{"compute": "/compute/v2.1/", "network": "/networking/v2.0/"}},
		{openstack.Endpoint{Type: "volumev3", Path: "/volume/v3/p1"}, map[string]string{"compute": "/compute/v2.1/", "network": "/networking/v2.0/", "volumev3": "/volume/v3/p1/volumes/"}},
	} {
		endpoints.Volume = row.volume
		var out bytes.Buffer
		if err := access.Write(&out, access.Rules(endpoints)); err != nil {
			t.Fatal(err)
		}
		var rules []map[string]string
		if err := json.Unmarshal(out.Bytes(), &rules); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range rules {
			seen[r["service"]] = true
			if base := row.want[r["service"]]; len(r) != 3 || base == "" || r["method"] == "" || !strings.HasPrefix(r["path"], base) || strings.Contains(r["path"], "//") {
				t.Errorf("%v", r)
			}
		}
		if len(seen) != len(row.want) {
			t.Errorf("rules for %v, want %v", seen, row.want)
		}
	}
}
