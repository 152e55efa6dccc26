//go:build acceptance

package acceptance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/rounds"
)

// create makes three groups at once, the front-end on a port that was there
// before it.
func (l *life) create(t *testing.T) {
	l.makePort(t)
	l.want.frontEnd = fmt.Sprintf("port = %q", l.portID)
	l.applied(t)
	nodes := l.expectGroups(t, map[string]int{"cpu": l.each, "gpu": l.each, "io": l.each})
	l.id = nodes[0].ClusterID
	if fe, _ := nodes.FrontEnd(); fe.Address != l.port {
		t.Errorf("the front-end has %s, its port %s", fe.Address, l.port)
	}
	l.expectServerGroups(t, map[string]int{l.name + "-cpu": l.each, l.name + "-io": l.each})
	l.expectNoDifference(t)
	l.calls(t)
}

// makePort makes the front-end's port. It stays until the whole test is over.
func (l *life) makePort(t *testing.T) {
	t.Helper()
	network, err := l.cloud.ResolveNetwork(t.Context(), l.env[cloudenv.Network])
	if err != nil {
		t.Fatal(err)
	}
	made := l.call(t, "network", http.MethodPost, "/ports", map[string]any{"port": map[string]any{"network_id": network.ID, "name": l.name}})
	port, _ := made["port"].(map[string]any)
	l.portID, _ = port["id"].(string)
	fixed, _ := port["fixed_ips"].([]any)
	first, _ := fixed[0].(map[string]any)
	l.port, _ = first["ip_address"].(string)
	if l.portID == "" || l.port == "" {
		t.Fatalf("port: %v", made)
	}
}

// changeGroups removes a group, adds one in another's availability zone, and
// changes the count of a third, in one apply.
func (l *life) changeGroups(t *testing.T) {
	before := l.nodes(t.Context(), t)
	zone := before.Workers("cpu")[0].Zone
	delete(l.want.groups, "io")
	l.zone = zone
	l.want.groups["mem"] = fmt.Sprintf("count = %d\navailability_zone = %q", l.each, zone)
	l.want.groups["cpu"] = strings.Replace(l.want.groups["cpu"], fmt.Sprint("count = ", l.each), fmt.Sprint("count = ", l.each+1), 1)
	l.applied(t)
	after := l.expectGroups(t, map[string]int{"cpu": l.each + 1, "gpu": l.each, "mem": l.each})
	expectUntouched(t, before, after, before.Workers("io").Names()...)
	for _, n := range after.Workers("mem") {
		if n.Zone != zone {
			t.Errorf("%s is in zone %s, want %s", n.Name, n.Zone, zone)
		}
	}
	l.expectServerGroups(t, map[string]int{l.name + "-cpu": l.each + 1})
	l.expectNoDifference(t)
	l.calls(t)
}

// scaling adds and removes workers of a group with scaling as a scaler does. Inside the
// bounds a plan has no difference; below them it has a repair.
func (l *life) scaling(t *testing.T) {
	scaler := provision.Steps{Provisioner: provision.New(l.cloud, provision.Options{Owner: cluster.OwnerScaler})}
	ref := cluster.Ref{ID: l.id, Name: l.name}
	count := func(want int) {
		t.Helper()
		l.settle(t, cluster.StatusActive)
		if got := len(l.nodes(t.Context(), t).Workers("gpu")); got != want {
			t.Fatalf("%d workers of gpu, want %d", got, want)
		}
	}
	rounds.Add(t, scaler, ref, 1, func(ctx context.Context) ([]string, error) {
		posted, err := scaler.Post(ctx, ref, []provision.Order{{Group: "gpu", Count: 1}})
		return posted.Accepted.Names(), err
	})
	count(l.each + 1)
	l.expectNoDifference(t)
	remove := func(names ...string) {
		t.Helper()
		rounds.Remove(t, scaler, ref, names, func(ctx context.Context) ([]string, error) {
			retired, err := scaler.RequestDeletion(ctx, ref, names, nil)
			return retired.Accepted, err
		})
	}
	present := l.nodes(t.Context(), t).Workers("gpu").Names()
	remove(present[:2]...)
	count(l.each - 1)
	l.expectNoDifference(t)
	remove(present[2])
	count(l.each - 2)
	before := l.nodes(t.Context(), t)
	if _, differs, err := l.cli.Plan(t.Context()); err != nil || !differs {
		t.Errorf("fewer than min: the plan holds a difference: %t, %v", differs, err)
	}
	l.calls(t)
	l.applied(t)
	expectUntouched(t, before, l.expectGroups(t, map[string]int{"cpu": l.each + 1, "gpu": l.each - 1, "mem": l.each}))
	l.expectNoDifference(t)
	l.calls(t)
}

// switchOwner gives the group to Terraform, and back: no server is touched.
func (l *life) switchOwner(t *testing.T) {
	before := l.nodes(t.Context(), t)
	for _, text := range []string{fmt.Sprint("count = ", l.each-1), l.want.groups["gpu"]} {
		l.want.groups["gpu"] = text
		l.applied(t)
		after := l.nodes(t.Context(), t)
		expectUntouched(t, before, after)
		if len(after) != len(before) {
			t.Errorf("%d servers became %d", len(before), len(after))
		}
		l.expectNoDifference(t)
		l.calls(t)
	}
}

// shrink names one worker that leaves first; the newest ones follow. No worker is
// drained: an apply that waits for ACTIVE servers only asks no front-end.
func (l *life) shrink(t *testing.T) {
	before := l.nodes(t.Context(), t)
	workers, retired := before.Workers("mem"), cluster.WorkerName(l.name, "mem", 1)
	fewer := max(1, len(workers)/2)
	l.want.groups["mem"] = strings.Replace(l.want.groups["mem"], fmt.Sprint("count = ", l.each), fmt.Sprintf("count = %d\nretire = [%q]", fewer, retired), 1)
	l.applied(t)
	after := l.expectServers(t, len(before)-1-len(workers)+fewer)
	var left, stayed cluster.Nodes
	for _, w := range workers {
		if _, there := after.ByName(w.Name); there {
			stayed = append(stayed, w)
		} else {
			left = append(left, w)
		}
	}
	expectUntouched(t, before, after, left.Names()...)
	for _, w := range left {
		for _, s := range stayed {
			if w.Name != retired && w.Created.Before(s.Created) {
				t.Errorf("%s left before the newer %s", w.Name, s.Name)
			}
		}
	}
	if !slices.Contains(left.Names(), retired) {
		t.Errorf("%s was to leave", retired)
	}
	l.expectNoDifference(t)
	l.calls(t)
}

// repair makes a worker that was deleted and one that was stopped anew.
func (l *life) repair(t *testing.T) {
	before := l.nodes(t.Context(), t)
	lost, stopped := before.Workers("cpu")[0], before.Workers("cpu")[1]
	l.lose(t, lost)
	l.call(t, "compute", http.MethodPost, "/servers/"+stopped.ID+"/action", map[string]any{"os-stop": nil})
	l.settle(t, "SHUTOFF", stopped.Name)
	l.mend(t, before, lost.Name, stopped.Name)
}

// repairError makes a worker anew that an operator has set to ERROR.
func (l *life) repairError(t *testing.T) {
	before := l.nodes(t.Context(), t)
	broken := before.Workers("cpu")[2]
	l.lose(t, broken)
	image, err := l.cloud.ResolveImage(t.Context(), l.env[cloudenv.Image])
	if err != nil {
		t.Fatal(err)
	}
	network, err := l.cloud.ResolveNetwork(t.Context(), l.env[cloudenv.Network])
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{"vmlab_fail": "spawn"}
	for key, value := range broken.Metadata {
		metadata[key] = value
	}
	_, err = l.cloud.CreateNode(t.Context(), cluster.NodeRequest{
		Name: broken.Name, ClusterID: l.id, ClusterName: l.name, Role: cluster.RoleWorker, Group: broken.Group,
		Image: image.ID, Flavor: broken.Flavor, Network: network.ID, Metadata: metadata, UserData: []byte("#cloud-config\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	l.settle(t, cluster.StatusError, broken.Name)
	l.mend(t, before, broken.Name)
}

// lose deletes a server and waits until it is gone.
func (l *life) lose(t *testing.T, n cluster.Node) {
	t.Helper()
	if err := l.cloud.DeleteNode(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}
	for {
		if _, there := l.nodes(t.Context(), t).ByName(n.Name); !there {
			return
		}
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// mend expects a plan and an apply to make the named workers anew, and no others.
func (l *life) mend(t *testing.T, before cluster.Nodes, names ...string) {
	t.Helper()
	text, differs, err := l.cli.Plan(t.Context())
	if err != nil || !differs {
		t.Fatalf("the plan holds a difference: %t, %v", differs, err)
	}
	for _, name := range names {
		if !strings.Contains(text, `"`+name+`"`) {
			t.Errorf("the plan does not name %s:\n%s", name, text)
		}
	}
	l.calls(t)
	l.applied(t)
	after := l.expectServers(t, len(before)-1)
	expectUntouched(t, before, after, names...)
	l.expectNoDifference(t)
	l.calls(t)
}

// imported takes the cluster into another configuration's state, by its name.
func (l *life) imported(t *testing.T) {
	other := l.elsewhere(t)
	if _, err := other.Run(t.Context(), "import", "-no-color", "vmcluster_cluster.test", l.name); err != nil {
		t.Fatal(err)
	}
	own, taken := l.attributes(t, l.cli, "vmcluster_cluster.test"), l.attributes(t, other, "vmcluster_cluster.test")
	expectSame(t, "the import", own, taken, "id", "name", "nodes", "front_end_address", "hosts_file", "ssh_config", "generation", "login_user", "batch_system")
	before := l.nodes(t.Context(), t)
	if _, err := other.Apply(t.Context()); err != nil { // names in place of IDs
		t.Fatal(err)
	}
	expectUntouched(t, before, l.expectServers(t, len(before)-1))
	text, differs, err := other.Plan(t.Context())
	if err != nil || differs {
		t.Errorf("the plan after the import holds a difference: %v\n%s", err, text)
	}
	l.expectNoDifference(t)
}

// destroy leaves nothing but the port that was there before.
func (l *life) destroy(t *testing.T) {
	servers := len(l.nodes(t.Context(), t))
	l.calls(t)
	timed(t, fmt.Sprintf("destroy %d", servers-1), func() {
		if _, err := l.cli.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	expectCalls(t, l.bench, fmt.Sprintf("destroy of %d workers", servers-1), servers-1+25)
	l.expectServerGroups(t, map[string]int{})
	port, _ := l.call(t, "network", http.MethodGet, "/ports/"+l.portID, nil)["port"].(map[string]any)
	if port["device_id"] != "" {
		t.Errorf("the port that was there before belongs to %v", port["device_id"])
	}
	l.expectNothing(t, l.id, 0)
}
