//go:build acceptance

package acceptance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/contract"
)

// TestGroups follows one cluster of 60 workers in three groups through its life:
// groups come, change and go, a scaler owns one of them, workers are replaced,
// lost, stopped and broken. Each step goes on from the one before.
// VMCLUSTER_ACC_WORKERS sets another size for smaller projects.
func TestGroups(t *testing.T) {
	l := newLife(t)
	for _, step := range []struct {
		name   string
		faults bool // needs servers that fail or take long when told to
		run    func(*life, *testing.T)
	}{
		{"more than the quota", false, (*life).beyondQuota},
		{"create", false, (*life).create},
		{"groups come, change and go", false, (*life).changeGroups},
		{"scaling", false, (*life).scaling},
		{"count and scaling", false, (*life).switchOwner},
		{"replacement", false, (*life).replacement},
		{"replacement that is killed", false, (*life).replacementKilled},
		{"shrink with retire", false, (*life).shrink},
		{"repair", false, (*life).repair},
		{"repair of ERROR", true, (*life).repairError},
		{"spawns that fail", true, (*life).failedSpawns},
		{"min_ready", true, (*life).minReady},
		{"delayed spawns", true, (*life).delayedSpawns},
		{"no host is left", true, (*life).noHost},
		{"import", false, (*life).imported},
		{"destroy", false, (*life).destroy},
	} {
		if step.faults && os.Getenv(cloudenv.Faults) != "1" {
			t.Logf("%s: left out, because %s is not 1", step.name, cloudenv.Faults)
			continue
		}
		if !t.Run(step.name, func(t *testing.T) { step.run(l, t) }) {
			t.FailNow()
		}
	}
}

// life is a cluster whose configuration changes from step to step.
type life struct {
	*bench
	raw    *contract.Caller
	each   int // workers of a group
	want   wanted
	id     string
	portID string
	port   string // its address
	zone   string // availability zone of mem
}

func newLife(t *testing.T) *life {
	t.Helper()
	each := max(2, number(t, "VMCLUSTER_ACC_WORKERS", 60)/3)
	l := &life{each: each}
	t.Cleanup(func() { // after the servers, which the bench cleans up
		if l.portID != "" {
			l.call(t, "network", http.MethodDelete, "/ports/"+l.portID, nil)
		}
	})
	l.bench = newBench(t, "vmcluster-acc-groups")
	var err error
	if l.raw, err = contract.LoginTo(t.Context(), l.env["OS_CLOUD"]); err != nil {
		t.Fatal(err)
	}
	spread := `server_group = { policy = "soft-anti-affinity" }`
	l.want = wanted{
		groups: map[string]string{
			"cpu": fmt.Sprintf("count = %d\n%s", each, spread),
			"gpu": fmt.Sprintf("scaling = { min = %d, max = %d, initial = %d }", each-1, each+2, each),
			"io":  fmt.Sprintf("count = %d\n%s", each, spread),
		},
		more: `batch_system = { type = "htcondor" }`,
	}
	return l
}

// call sends a request that no client of ours has, and ends the test if it fails.
func (l *life) call(t *testing.T, kind, method, path string, body any) map[string]any {
	t.Helper()
	out, err := l.raw.Call(context.WithoutCancel(t.Context()), kind, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (l *life) configure(t *testing.T) {
	t.Helper()
	l.write(t, l.cli, l.env, l.want)
}

// applied applies the configuration and returns what the command told.
func (l *life) applied(t *testing.T) string {
	t.Helper()
	l.configure(t)
	start := time.Now()
	text, err := l.cli.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("apply: %s, %d calls", time.Since(start).Round(time.Second), l.calls(t))
	return squash(text)
}

// refused expects an apply or a plan to end in an error that says so.
func refused(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, words := range says {
		if !strings.Contains(squash(err.Error()), words) {
			t.Errorf("the error does not say %q:\n%v", words, err)
		}
	}
}

// squash undoes the line breaks and margins of a command's diagnostics.
func squash(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(text)), " ")
}

// expectGroups wants so many workers of each group, all ACTIVE, and a front-end.
func (l *life) expectGroups(t *testing.T, groups map[string]int) cluster.Nodes {
	t.Helper()
	total := 0
	for _, n := range groups {
		total += n
	}
	nodes := l.expectServers(t, total)
	for name, n := range groups {
		if got := len(nodes.Workers(name)); got != n {
			t.Errorf("%d workers of %s, want %d", got, name, n)
		}
	}
	return nodes
}

// expectUntouched expects every server of before to be there still, except those named
// in but, which must be gone or other servers.
func expectUntouched(t *testing.T, before, after cluster.Nodes, but ...string) {
	t.Helper()
	for _, was := range before {
		now, there := after.ByName(was.Name)
		switch meant := slices.Contains(but, was.Name); {
		case meant && there && now.ID == was.ID:
			t.Errorf("%s is the server that it was", was.Name)
		case !meant && (!there || now.ID != was.ID):
			t.Errorf("%s was touched", was.Name)
		}
	}
}

// settle waits until every server of the cluster is ACTIVE.
func (l *life) settle(t *testing.T, status cluster.Status, names ...string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < 5*time.Minute; time.Sleep(2 * time.Second) {
		left := slices.DeleteFunc(l.nodes(t.Context(), t), func(n cluster.Node) bool {
			return n.Status == status || len(names) > 0 && !slices.Contains(names, n.Name)
		})
		if len(left) == 0 {
			return
		}
	}
	t.Fatalf("%v are not %s", names, status)
}

// missing returns the nodes that the state calls MISSING.
func (l *life) missing(t *testing.T) []string {
	t.Helper()
	nodes, _ := l.attributes(t, l.cli, "vmcluster_cluster.test")["nodes"].(map[string]any)
	var out []string
	for name, raw := range nodes {
		n, _ := raw.(map[string]any)
		if (n["status"] == "MISSING") != (n["id"] == nil) {
			t.Errorf("%s has ID %v and status %v", name, n["id"], n["status"])
		}
		if n["status"] == "MISSING" {
			out = append(out, name)
		}
	}
	return slices.SortedFunc(slices.Values(out), cluster.CompareNames)
}

// beyondQuota asks for one instance more than the project has left: the plan
// refuses it, with the figures, and nothing is made.
func (l *life) beyondQuota(t *testing.T) {
	l.limitInstances(t)
	limits, err := l.cloud.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	quota := limits.Instances
	if quota.Max < 0 {
		t.Skipf("the project has no quota of instances, and %s names no administrator who may set one", cloudenv.AdminCloud)
	}
	free := max(quota.Max-quota.Used, 0)
	group := l.want.groups["cpu"]
	defer func() { l.want.groups["cpu"] = group }()
	others := 2*l.each + 1
	l.want.groups["cpu"] = fmt.Sprintf("count = %d", max(free+1-others, 1))
	l.configure(t)
	_, _, err = l.cli.Plan(t.Context())
	q := limits.Instances
	refused(t, err, "Not enough instances", fmt.Sprintf("%d instances needed, %d left (%d of %d used)", max(free+1, others+1), free, q.Used, q.Max))
	t.Logf("plan: %d calls", l.calls(t))
	if nodes := l.nodes(t.Context(), t); len(nodes) > 0 {
		t.Errorf("made all the same: %v", nodes.Names())
	}
}

// limitInstances gives a project without limits a quota for the length of a test,
// if the environment names credentials that may set one.
func (l *life) limitInstances(t *testing.T) {
	t.Helper()
	limits, err := l.cloud.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if limits.Instances.Max >= 0 || os.Getenv(cloudenv.AdminCloud) == "" {
		return
	}
	admin, err := contract.LoginTo(t.Context(), os.Getenv(cloudenv.AdminCloud))
	if err != nil {
		t.Fatal(err)
	}
	set := func(instances int) {
		body := map[string]any{"quota_set": map[string]any{"instances": instances, "force": true}}
		if _, err := admin.Call(context.WithoutCancel(t.Context()), "compute", http.MethodPut, "/os-quota-sets/"+l.cloud.ProjectID(), body); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { set(limits.Instances.Max) })
	set(limits.Instances.Used + 3*l.each)
}

// groupsOf are the cluster's server groups in Nova, with those of their members that
// exist: a busy Nova lists others for a while. Two of one name are an error.
func (l *life) groupsOf(t *testing.T) map[string]int {
	t.Helper()
	all, err := l.cloud.ServerGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nodes := l.nodes(t.Context(), t)
	out := map[string]int{}
	for _, g := range all {
		if !strings.HasPrefix(g.Name, l.name+"-") {
			continue
		}
		if _, twice := out[g.Name]; twice {
			t.Errorf("there are two server groups %s", g.Name)
		}
		out[g.Name] = len(slices.DeleteFunc(g.Members, func(id string) bool {
			return !slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.ID == id })
		}))
	}
	return out
}

func (l *life) expectServerGroups(t *testing.T, want map[string]int) {
	t.Helper()
	if got := l.groupsOf(t); !maps.Equal(got, want) {
		t.Errorf("server groups with their members: %v, want %v", got, want)
	}
}
