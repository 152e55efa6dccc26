package terraform

import (
	"reflect"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func workers(names ...string) cluster.Nodes {
	var out cluster.Nodes
	for _, name := range names {
		group := "cpu"
		if cluster.GroupOf("astro", name) == "gpu" {
			group = "gpu"
		}
		out = append(out, cluster.Node{ID: "id of " + name, Name: name, Role: cluster.RoleWorker, Group: group, Status: cluster.StatusActive})
	}
	return append(out, cluster.Node{Name: "astro-frontend", Role: cluster.RoleFrontEnd, Status: cluster.StatusActive})
}

// leaving returns workers of group cpu that leave.
func leaving(names ...string) map[string]leaver {
	out := map[string]leaver{}
	for _, name := range names {
		out[name] = leaver{"cpu", "id of " + name}
	}
	return out
}

// Each row has the existing workers, the file, a wish, and the file after it.
func TestVariables(t *testing.T) {
	none := []string{}
	for _, row := range []struct {
		name string
		have cluster.Nodes
		was  map[string]Group
		w    wish
		want map[string]Group
	}{
		{"a first growth", workers("astro-cpu-1"), nil, wish{size: map[string]int{"cpu": 3}}, map[string]Group{"cpu": {3, none}}},
		{"a removal by name", workers("astro-cpu-1", "astro-cpu-2"), map[string]Group{"cpu": {2, none}}, wish{leave: leaving("astro-cpu-1")}, map[string]Group{"cpu": {1, []string{"astro-cpu-1"}}}},
		{"more came meanwhile: none is removed", workers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3"), map[string]Group{"cpu": {2, none}}, wish{size: map[string]int{"cpu": 2}}, map[string]Group{"cpu": {3, none}}},
		{"a leaving worker is gone already", workers("astro-cpu-2"), map[string]Group{"cpu": {2, none}}, wish{leave: leaving("astro-cpu-1")}, map[string]Group{"cpu": {1, none}}},
		{"an old name is dropped", workers("astro-cpu-1", "astro-cpu-2"), map[string]Group{"cpu": {2, []string{"astro-cpu-3"}}}, wish{size: map[string]int{"cpu": 3}}, map[string]Group{"cpu": {3, none}}},
		{"a wish that is not repeated is dropped", workers("astro-cpu-1", "astro-cpu-2"), map[string]Group{"cpu": {1, []string{"astro-cpu-2"}}}, wish{size: map[string]int{"gpu": 1}}, map[string]Group{"cpu": {2, none}, "gpu": {1, none}}},
		{"a group that no wish speaks of stays out", workers("astro-cpu-1", "astro-gpu-1"), nil, wish{size: map[string]int{"cpu": 2}}, map[string]Group{"cpu": {2, none}}},
	} {
		if got := variables(row.have, row.was, row.w); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// A worker that is replaced leaves first: retire has an effect only if the count falls.
func TestAWishInOrder(t *testing.T) {
	marked := map[string]bool{"astro-cpu-2": true}
	w := wish{size: map[string]int{"cpu": 3, "gpu": 2}, leave: leaving("astro-cpu-2"), marked: marked}
	got := w.inOrder()
	want := []wish{
		{size: map[string]int{"gpu": 2}, leave: leaving("astro-cpu-2"), marked: marked},
		{size: map[string]int{"cpu": 3}, leave: map[string]leaver{}, marked: map[string]bool{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := len(newWish().inOrder()); n != 0 {
		t.Errorf("%d runs for nothing", n)
	}
}

// A drained worker that is no longer marked at the time of the run stays. So does
// another server that has got the name of a worker that was to leave.
func TestWithoutWhoStays(t *testing.T) {
	w := newWish()
	names := []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5", "astro-cpu-6", "astro-cpu-7"}
	w.leave = leaving(names...)
	for _, name := range names[:3] {
		w.marked[name] = true
	}
	doc := cluster.Document{Workers: []cluster.Member{
		{Name: "astro-cpu-1", Leaving: cluster.LeaveIdle}, {Name: "astro-cpu-2"}, {Name: "astro-cpu-3", Leaving: cluster.LeaveJobsOK}, {Name: "astro-cpu-4"},
	}}
	nodes := workers(names[:6]...)
	nodes[4].ID = "another"
	nodes = append(nodes, cluster.Node{ID: "a second one", Name: "astro-cpu-6", Role: cluster.RoleWorker, Group: "cpu"})
	want := leaving("astro-cpu-1", "astro-cpu-3", "astro-cpu-4", "astro-cpu-6", "astro-cpu-7") // the last has no server any more
	if got := w.without(doc, nodes).leave; !reflect.DeepEqual(got, want) || len(w.leave) != 7 {
		t.Errorf("%v, want %v; the wish has become %v", got, want, w.leave)
	}
}

func TestCalledBack(t *testing.T) {
	was := map[string]Group{"cpu": {1, []string{"astro-cpu-2", "astro-cpu-3"}}}
	got := withoutRetiring(was, func(w string) bool { return w == "astro-cpu-2" })
	if want := (map[string]Group{"cpu": {2, []string{"astro-cpu-3"}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
