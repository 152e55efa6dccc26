package batch

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func refusedZone(zone string) error {
	return &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: "create server", Code: 400, Message: "The requested availability zone is not available: " + zone}
}

func testMembers(names ...string) map[string]*member {
	out := map[string]*member{}
	for _, name := range names {
		out[name] = &member{name: name, group: cluster.GroupOf("astro", name)}
	}
	return out
}

func testPlacement(zones ...string) *placement {
	return newPlacement(map[string]cluster.GroupSpec{
		"cpu": {NodeSpec: cluster.NodeSpec{Placement: cluster.Placement{Zones: zones}}},
		"gpu": {},
	})
}

func TestSpreadCountsThoseThatStay(t *testing.T) {
	stay := cluster.Nodes{{Name: "astro-cpu-1", Group: "cpu", Role: cluster.RoleWorker, Zone: "a"}}
	for _, row := range []struct {
		name  string
		avoid []string
		want  [2]string // zones of workers 2 and 3
	}{
		{"evenly", nil, [2]string{"b", "a"}},
		{"without a zone to avoid", []string{"b"}, [2]string{"a", "a"}},
		{"all are to be avoided: as without", []string{"a", "b"}, [2]string{"b", "a"}},
	} {
		members := testMembers("astro-cpu-2", "astro-cpu-3", "astro-gpu-1")
		testPlacement("a", "b").spread(members, stay, map[string][]string{"cpu": row.avoid})
		if got := [2]string{members["astro-cpu-2"].zone, members["astro-cpu-3"].zone}; got != row.want {
			t.Errorf("%s: zones %v, want %v", row.name, got, row.want)
		}
		if z := members["astro-gpu-1"].zone; z != "" {
			t.Errorf("%s: a group without zones got %q", row.name, z)
		}
	}
}

// A failed build goes on in a zone where the worker was not tried yet, the one with
// the fewest workers; workers that were given up do not count.
func TestNextZone(t *testing.T) {
	members := testMembers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4")
	p := testPlacement("a", "b", "c")
	p.spread(members, nil, nil) // a, b, c, a
	p.leave(members["astro-cpu-3"])
	first := members["astro-cpu-1"]
	for i, want := range []string{"c", "b", "b"} { // the last time there is no other
		p.next(first)
		if first.zone != want {
			t.Errorf("try %d in zone %q, want %q", i+2, first.zone, want)
		}
	}
	if p.mostTries("cpu") != 3 || p.mostTries("gpu") != buildTries {
		t.Errorf("tries: %d and %d", p.mostTries("cpu"), p.mostTries("gpu"))
	}
}

func TestRefusals(t *testing.T) {
	quota := &cluster.CloudError{Kind: cluster.FaultQuota, Op: "create server", Code: 403, Message: "Quota exceeded"}
	conflict := &cluster.CloudError{Kind: cluster.FaultConflict, Op: "create server", Code: 409, Message: "busy"}
	for _, row := range []struct {
		name      string
		err       error
		same      bool // the next POST of the group to that zone would be refused too
		otherZone bool
		elsewhere bool
	}{
		{"a quota refuses the group", quota, true, true, false},
		{"a zone refuses those that go there", refusedZone("a"), true, false, true},
		{"a conflict passes", conflict, false, false, true},
	} {
		members := testMembers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-gpu-1")
		p := testPlacement("a", "b")
		p.spread(members, nil, nil) // a, b, a
		p.refuse(members["astro-cpu-1"], row.err)
		for name, want := range map[string]bool{"astro-cpu-3": row.same, "astro-cpu-2": row.otherZone, "astro-gpu-1": false} {
			if got := p.refusal(members[name]) != nil; got != want {
				t.Errorf("%s: %s refused: %t", row.name, name, got)
			}
		}
		if got := p.elsewhere(members["astro-cpu-3"]); got != row.elsewhere {
			t.Errorf("%s: elsewhere %t", row.name, got)
		}
	}
}
