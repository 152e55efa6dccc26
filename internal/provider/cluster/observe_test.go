package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestObserveCountsWhatWorks(t *testing.T) {
	m := testModel(t).with(t, 5)
	broken := testNodeOf("astro-cpu-2", "cpu")
	broken.Status = cluster.StatusError
	stranger := testNodeOf("astro-cpu-4", "cpu")
	stranger.Owner = cluster.OwnerScaler
	twin := testNodeOf("astro-cpu-1", "cpu")
	view := cluster.View{
		Nodes: cluster.Nodes{testNodeOf("astro-frontend", ""), testNodeOf("astro-cpu-1", "cpu"), twin, broken,
			testNodeOf("astro-cpu-3", "cpu"), stranger, testNodeOf("astro-old-1", "old")},
		HasDocument: true,
		Document: cluster.Document{Name: "astro", Generation: 9,
			Workers: []cluster.Member{{Name: "astro-cpu-1"}, {Name: "astro-cpu-2"}, {Name: "astro-old-1"}}},
	}
	if diags := m.observe(t.Context(), view); diags.HasError() {
		t.Fatal(diags)
	}
	p := m.decoded(t)
	// 1 works, 2 is broken, 3 never got into the roster, 4 is the scaler's and on its way.
	if n := p.groups["cpu"].Count.ValueInt64(); n != 2 {
		t.Errorf("cpu: count %d, want 2", n)
	}
	if g := p.groups["old"]; g.Count.ValueInt64() != 1 || g.Flavor.ValueString() != "f2" {
		t.Errorf("a group of the cloud only: %v", g)
	}
	states, _ := nodeStates(m.Nodes)
	if _, ok := states["astro-cpu-3"]; ok {
		t.Error("astro-cpu-3 is shown, so no apply would make it anew")
	}
	if m.Generation.ValueInt64() != 9 || m.FrontEndAddress.ValueString() != "10.0.0.9" {
		t.Errorf("generation %s, front_end_address %s", m.Generation, m.FrontEndAddress)
	}
}

// Of two servers of one name the one in the roster counts, though it is younger.
func TestObserveWarnsOfATwin(t *testing.T) {
	m := testModel(t).with(t, 1)
	good, twin := testNodeOf("astro-cpu-1", "cpu"), testNodeOf("astro-cpu-1", "cpu")
	good.Created = time.Date(2026, 1, 1, 0, 1, 0, 0, time.UTC)
	twin.Created = good.Created.Add(-time.Minute)
	twin.ID, twin.Address = "late", "10.0.0.77"
	diags := m.observe(t.Context(), cluster.View{
		Nodes: cluster.Nodes{testNodeOf("astro-frontend", ""), twin, good}, HasDocument: true,
		Document: cluster.Document{Name: "astro", Workers: []cluster.Member{{Name: good.Name, Address: good.Address}}},
	})
	if len(diags) != 1 || diags.HasError() || !strings.Contains(diags[0].Detail(), "openstack server delete late") {
		t.Errorf("diagnostics: %v", diags)
	}
	states, _ := nodeStates(m.Nodes)
	if got := states["astro-cpu-1"].ID.ValueString(); got != good.ID {
		t.Errorf("astro-cpu-1 is server %s", got)
	}
}

func TestObserveKeepsFloatingAddress(t *testing.T) {
	m := existing(t, "astro-cpu-1")
	m.FrontEndAddress = types.StringValue("203.0.113.5") // Nova does not show it yet
	view := cluster.View{Nodes: cluster.Nodes{testNodeOf("astro-frontend", "")}}
	if diags := m.observe(t.Context(), view); diags.HasError() {
		t.Fatal(diags)
	}
	if got := m.FrontEndAddress.ValueString(); got != "203.0.113.5" {
		t.Errorf("front_end_address %s", got)
	}
}

// An import knows the ID only.
func TestObserveFillsAnImport(t *testing.T) {
	var m model
	m.ID, m.Timeouts = types.StringValue("4e3b"), noTimeouts
	spec := func(image string) cluster.GroupSpec {
		return cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Image: image, Flavor: "f2", Network: "n1", SecurityGroups: []string{"default"}}}
	}
	view := cluster.View{
		Nodes:       cluster.Nodes{testNodeOf("astro-frontend", ""), testNodeOf("astro-cpu-1", "cpu")},
		HasDocument: true,
		Document: cluster.Document{ID: "4e3b", Name: "astro", LoginUser: "ada", LoginUID: 20001, KeyPair: "ops", OperatorKey: "ssh-ed25519 AAAA",
			BatchSystem: "htcondor", Generation: 3, Groups: map[string]cluster.GroupSpec{"cpu": spec("i1"), "gpu": spec("i2")},
			Workers:    []cluster.Member{{Name: "astro-cpu-1"}},
			FrontEndAs: &cluster.NodeSpec{Image: "i1", Flavor: "f1", Network: "n1", Placement: cluster.Placement{StateVolume: "0f3a5c1e"}}},
	}
	if diags := m.observe(t.Context(), view); diags.HasError() {
		t.Fatal(diags)
	}
	p := m.decoded(t)
	got := p.spec(resolutionOf(m.Resolved))
	if got.Name != "astro" || got.LoginUser != "ada" || got.LoginUID != 20001 || got.BatchSystem != "htcondor" ||
		got.KeyPair != "ops" || got.OperatorKey != "ssh-ed25519 AAAA" {
		t.Errorf("cluster: %+v", got)
	}
	if fe := got.FrontEnd; fe.Image != "i1" || fe.Flavor != "f1" || fe.Network != "n1" || fe.StateVolume != "0f3a5c1e" {
		t.Errorf("front-end: %+v", fe)
	}
	if g := got.Groups["gpu"]; g.Image != "i2" || g.Count != 0 || g.Flavor != "f2" || g.Network != "n1" {
		t.Errorf("group gpu: %+v", g)
	}
	if cpu := p.groups["cpu"]; !cpu.Image.IsNull() || !cpu.Network.IsNull() || !cpu.SecurityGroups.IsNull() || cpu.Count.ValueInt64() != 1 {
		t.Errorf("group cpu repeats what the cluster says: %+v", cpu)
	}
}

// Terraform refuses a result with other keys or other known values than planned.
func TestSettleHoldsThePlan(t *testing.T) {
	was := existing(t, "astro-cpu-1")
	plan, _ := planned(t, testModel(t).with(t, 3), &was)
	changed := testNodeOf("astro-cpu-1", "cpu")
	changed.Status = "SHUTOFF"
	view := cluster.View{HasDocument: true, Document: cluster.Document{Generation: 8},
		Nodes: cluster.Nodes{testNodeOf("astro-frontend", ""), changed, testNodeOf("astro-cpu-2", "cpu"), testNodeOf("astro-cpu-7", "cpu")}}
	i, diags := readIntent(t.Context(), plan, &was)
	if diags.HasError() {
		t.Fatal(diags)
	}
	plan, diags = i.settle(t.Context(), view)
	if diags.HasError() {
		t.Fatal(diags)
	}
	states, _ := nodeStates(plan.Nodes)
	if got := strings.Join(sortedNames(states), " "); got != "astro-cpu-1 astro-cpu-2 astro-cpu-3 astro-frontend" {
		t.Errorf("nodes: %s", got)
	}
	if s := states["astro-cpu-1"].Status.ValueString(); s != "ACTIVE" {
		t.Errorf("a kept node's planned status became %s", s)
	}
	if s := states["astro-cpu-3"]; !s.ID.IsNull() || !s.Address.IsNull() || s.Status.ValueString() != statusMissing || s.Group.ValueString() != "cpu" {
		t.Errorf("the missing worker: %+v", s)
	}
	if plan.Generation.ValueInt64() != 8 || strings.Contains(plan.HostsFile.ValueString(), "cpu-3") {
		t.Errorf("generation %s, hosts %q", plan.Generation, plan.HostsFile.ValueString())
	}
}

func TestComputedTexts(t *testing.T) {
	m := existing(t, "astro-cpu-1", "astro-cpu-2")
	states, _ := nodeStates(m.Nodes)
	if got, want := hostsFile(states), "10.0.0.9\tastro-frontend\n10.0.0.1\tastro-cpu-1\n10.0.0.2\tastro-cpu-2\n"; got != want {
		t.Errorf("hosts_file %q, want %q", got, want)
	}
}

const (
	frontEndKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHBo21E5LQGiRX7by14RB5uwCQR37xnx/33Edqq/cC9"
	hostCAKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
)

func TestAccessTexts(t *testing.T) {
	for name, row := range map[string]struct {
		access             access
		config, knownHosts string
	}{
		"a floating IP": {access{"astro", "ada", []string{"gpu", "cpu"}, "203.0.113.5", "10.0.0.9", frontEndKey + " root@astro", hostCAKey},
			"Host astro-frontend\n  HostName 203.0.113.5\n  HostKeyAlias astro-frontend\n\n" +
				"Host astro-cpu-* astro-gpu-*\n  ProxyJump astro-frontend\n\n" +
				"Host astro-frontend astro-cpu-* astro-gpu-*\n  User ada\n  UserKnownHostsFile ~/.ssh/known_hosts_astro\n  StrictHostKeyChecking yes\n",
			"astro-frontend,203.0.113.5,10.0.0.9 " + frontEndKey + "\n@cert-authority astro-cpu-*,astro-gpu-* " + hostCAKey + "\n"},
		"inside, no groups, no user": {access{"astro", "", nil, "10.0.0.9", "10.0.0.9", frontEndKey, hostCAKey},
			"Host astro-frontend\n  HostName 10.0.0.9\n  HostKeyAlias astro-frontend\n\n" +
				"Host astro-frontend\n  UserKnownHostsFile ~/.ssh/known_hosts_astro\n  StrictHostKeyChecking yes\n",
			"astro-frontend,10.0.0.9 " + frontEndKey + "\n"},
		"no front-end": {access{cluster: "astro", groups: []string{"cpu"}, hostKey: frontEndKey}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row.access.sshConfig(); got != row.config {
				t.Errorf("ssh_config:\n%s", got)
			}
			if got := row.access.knownHosts(); got != row.knownHosts {
				t.Errorf("known_hosts:\n%s", got)
			}
		})
	}
}

// Root on a front-end chooses the keys that it reports. They vouch for the cluster's
// own nodes at most.
func TestKnownHostsOfAHostileFrontEnd(t *testing.T) {
	a := access{"astro", "ada", []string{"cpu", "* bank"}, "203.0.113.5", "", frontEndKey, hostCAKey}
	for _, key := range []string{frontEndKey + "\n@cert-authority * " + hostCAKey, "* " + frontEndKey, "@cert-authority * " + hostCAKey, "x\ny"} {
		a.hostKey = key
		if got := a.knownHosts(); got != "" {
			t.Errorf("host key %q becomes\n%s", key, got)
		}
		a.hostKey, a.hostCA = frontEndKey, key
		if got, want := a.knownHosts(), "astro-frontend,203.0.113.5 "+frontEndKey+"\n"; got != want {
			t.Errorf("host CA %q becomes\n%s", key, got)
		}
		a.hostCA = hostCAKey
	}
	if strings.Contains(a.sshConfig(), "bank") {
		t.Errorf("a group's name becomes\n%s", a.sshConfig())
	}
}

// What a scaler does changes nothing of what people have written to their machines.
func TestAccessStaysAsWorkersComeAndGo(t *testing.T) {
	texts := func(workers ...string) (string, string) {
		m := testModel(t).with(t, 1)
		view := cluster.View{HasDocument: true, Nodes: cluster.Nodes{testNodeOf("astro-frontend", "")},
			Document: cluster.Document{Name: "astro", FrontEnd: cluster.FrontEndRecord{HostKey: frontEndKey, HostCA: hostCAKey}}}
		for _, w := range workers {
			view.Nodes = append(view.Nodes, testNodeOf(w, "cpu"))
			view.Document.Workers = append(view.Document.Workers, cluster.Member{Name: w})
		}
		if diags := m.observe(t.Context(), view); diags.HasError() {
			t.Fatal(diags)
		}
		return m.SSHConfig.ValueString(), m.KnownHosts.ValueString()
	}
	config, known := texts("astro-cpu-1")
	for _, workers := range [][]string{nil, {"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}, {"astro-cpu-7"}} {
		if c, k := texts(workers...); c != config || k != known || !strings.Contains(c, "astro-cpu-*") || !strings.Contains(k, hostCAKey) {
			t.Errorf("with %v:\n%s\n%s", workers, c, k)
		}
	}
}

// A plan prints one line for a worker that comes, and knows its name.
func TestNewWorkerIsOneLineOfAPlan(t *testing.T) {
	was := existing(t, "astro-cpu-1")
	plan, _ := planned(t, testModel(t).with(t, 2), &was)
	nodes, err := Nodes.Unpack(plan.Nodes.ValueString())
	if err != nil {
		t.Fatal(err)
	}
	if e, has := nodes["astro-cpu-2"]; !has || e.IsKnown() {
		t.Errorf("the new worker is %v", e)
	}
	for _, name := range []string{"astro-cpu-1", "astro-frontend"} {
		if e := nodes[name]; e.IsNull() || !e.IsKnown() {
			t.Errorf("%s, which stays, is %v", name, e)
		}
	}
}
