package access_test

import (
	"context"
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

// count returns how many times a call was made.
func (r *recorder) count(call string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.calls {
		if c == call {
			n++
		}
	}
	return n
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

// life makes all calls of a scaler: it takes the lease, reads, adds, replaces what fails,
// enrols, marks, reads a console, removes, collects what was left, and releases the lease.
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
	replaceFailed(t, scaler, nova, id, names)
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

// replaceFailed waits until every worker has an address. Of one that ends in ERROR it reads
// the console, deletes the server, and posts another worker of the group, whose name takes
// the place of its name.
func replaceFailed(t *testing.T, scaler *openstack.Client, nova *actuate.Nova, id string, names []string) {
	t.Helper()
	doomed := map[string]bool{} // by server ID
	groups := map[int]string{}  // of the workers to post, by their places in names
	until(t, nova, "replace what fails", func(v cluster.View) bool {
		ready := true
		for i, name := range names {
			n, there := v.Nodes.ByName(name)
			switch {
			case there && n.Broken() && !doomed[n.ID]:
				// A server that no host has taken has no console.
				if _, err := scaler.ConsoleTail(t.Context(), n.ID, 30); err != nil && !cluster.IsKind(err, cluster.FaultOther) {
					t.Errorf("read the console of a worker that failed: %v", err)
				}
				if accepted, err := nova.Remove(t.Context(), id, []string{name}, nil); err != nil || !slices.Equal(accepted, []string{name}) {
					t.Fatalf("delete a worker that failed: accepted %v, %v", accepted, err)
				}
				doomed[n.ID], groups[i] = true, n.Group
			case !there && groups[i] != "":
				posted, err := nova.Post(t.Context(), id, []actuate.Order{{Group: groups[i], Count: 1}}, nil)
				if err != nil || len(posted.Accepted) != 1 {
					t.Fatalf("post another worker: %+v, %v", posted, err)
				}
				names[i] = posted.Accepted[0]
				delete(groups, i)
			}
			ready = ready && there && n.Address != "" && !n.Broken() && groups[i] == ""
		}
		return ready
	})
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
	cloud.FailServers(openstacktest.ServerFault{Name: "astro-cpu-1$"})
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
	if n := r.count("POST " + endpoints.Compute.Path + "/servers"); n != 3+1 {
		t.Errorf("%d create calls for three workers of which one fails, want 4", n)
	}
	for _, rule := range r.check(t, access.Rules(endpoints)) {
		t.Errorf("nothing needs %s %s", rule.Method, rule.Path)
	}
}
