package cluster

import (
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	nodeplan "github.com/vmcluster/terraform-provider-vmcluster/internal/plan"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// statesOf is the attribute `nodes` of a state with those nodes; one whose name ends
// in "!" has never had a server.
func statesOf(names ...string) map[string]nodeState {
	out := map[string]nodeState{}
	for _, name := range names {
		if missing := name[len(name)-1] == '!'; missing {
			name = name[:len(name)-1]
			out[name] = nodeState{Role: types.StringValue("worker"), Group: types.StringValue("cpu"), Status: types.StringValue(statusMissing)}
			continue
		}
		group := cluster.GroupOf("astro", name)
		out[name] = stateOf(testNodeOf(name, group))
	}
	return out
}

// Each row: what there is, what a plan computes, and what it promises. An apply
// reads the same promise from the planned attribute `nodes`.
func TestPromise(t *testing.T) {
	groups := func(g nodeplan.Group) map[string]nodeplan.Group {
		return map[string]nodeplan.Group{"cpu": g}
	}
	for _, row := range []struct {
		name     string
		have     []string
		frontEnd bool // is made
		cpu      nodeplan.Group
		want     promised
	}{
		{"create", nil, true, nodeplan.Group{Add: []string{"astro-cpu-1", "astro-cpu-2"}},
			promised{add: []string{"astro-cpu-1", "astro-cpu-2", "astro-frontend"}}},
		{"nothing to do", []string{"astro-frontend", "astro-cpu-1"}, false, nodeplan.Group{Keep: []string{"astro-cpu-1"}},
			promised{keep: []string{"astro-cpu-1", "astro-frontend"}}},
		{"grow, numbers in order", []string{"astro-frontend", "astro-cpu-9"}, false,
			nodeplan.Group{Keep: []string{"astro-cpu-9"}, Add: []string{"astro-cpu-11", "astro-cpu-10"}},
			promised{keep: []string{"astro-cpu-9", "astro-frontend"}, add: []string{"astro-cpu-10", "astro-cpu-11"}}},
		{"shrink", []string{"astro-frontend", "astro-cpu-1", "astro-cpu-2"}, false,
			nodeplan.Group{Keep: []string{"astro-cpu-2"}, Remove: []string{"astro-cpu-1"}},
			promised{keep: []string{"astro-cpu-2", "astro-frontend"}, remove: []string{"astro-cpu-1"}}},
		{"a broken worker is made anew", []string{"astro-frontend", "astro-cpu-1"}, false,
			nodeplan.Group{Add: []string{"astro-cpu-1"}, Remove: []string{"astro-cpu-1"}},
			promised{keep: []string{"astro-frontend"}, roll: []string{"astro-cpu-1"}}},
		{"a worker that never had a server", []string{"astro-frontend", "astro-cpu-1!"}, false,
			nodeplan.Group{Add: []string{"astro-cpu-1"}},
			promised{keep: []string{"astro-frontend"}, add: []string{"astro-cpu-1"}}},
		{"a rolling replacement", []string{"astro-frontend", "astro-cpu-1", "astro-cpu-2"}, false,
			nodeplan.Group{Keep: []string{"astro-cpu-1", "astro-cpu-2"}, Roll: []string{"astro-cpu-2"}},
			promised{keep: []string{"astro-cpu-1", "astro-frontend"}, roll: []string{"astro-cpu-2"}}},
		{"another front-end for the same workers", []string{"astro-frontend", "astro-cpu-1"}, true,
			nodeplan.Group{Keep: []string{"astro-cpu-1"}},
			promised{keep: []string{"astro-cpu-1"}, roll: []string{"astro-frontend"}}},
		{"a lost front-end", []string{"astro-cpu-1"}, true, nodeplan.Group{Keep: []string{"astro-cpu-1"}},
			promised{keep: []string{"astro-cpu-1"}, add: []string{"astro-frontend"}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.want.known = true
			before := statesOf(row.have...)
			plan := nodeplan.Plan{FrontEnd: row.frontEnd, FrontEndName: "astro-frontend", Groups: groups(row.cpu)}
			got := promise(plan, nodesOf(before))
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("promised %+v, want %+v", got, row.want)
			}
			c := change{nodes: plan, was: prior{states: before}}
			if read := readPromise(before, got.nodes(before, c.freshNodes())); !reflect.DeepEqual(read, got) {
				t.Errorf("the apply reads %+v, the plan promised %+v", read, got)
			}
		})
	}
}

// What an apply may do is what the plan has shown, whatever the configuration says.
func TestPromiseHoldsARequest(t *testing.T) {
	before := statesOf("astro-frontend", "astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-gpu-1")
	for _, row := range []struct {
		name          string
		promise       promised
		planned, roll []string
		retire        []string // of group cpu; configured is astro-cpu-9
		frontEnd      bool     // may be replaced
		keep          bool     // workers stay in any case
	}{
		{"a plan that could not know", promised{}, nil, nil, []string{"astro-cpu-9"}, false, false},
		{"shrink", promised{known: true, keep: []string{"astro-cpu-2", "astro-frontend"}, remove: []string{"astro-cpu-1", "astro-cpu-3", "astro-gpu-1"}},
			[]string{"astro-cpu-2", "astro-frontend"}, nil, []string{"astro-cpu-1", "astro-cpu-3"}, false, true},
		{"grow and roll", promised{known: true, keep: []string{"astro-frontend"}, add: []string{"astro-cpu-4"}, roll: []string{"astro-cpu-1", "astro-cpu-2"}},
			[]string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-4", "astro-frontend"}, []string{"astro-cpu-1", "astro-cpu-2"}, nil, false, false},
		{"another front-end", promised{known: true, keep: []string{"astro-cpu-1"}, roll: []string{"astro-frontend"}},
			[]string{"astro-cpu-1", "astro-frontend"}, []string{"astro-frontend"}, nil, true, true},
		{"a lost front-end", promised{known: true, keep: []string{"astro-cpu-1"}, add: []string{"astro-frontend"}},
			[]string{"astro-cpu-1", "astro-frontend"}, nil, nil, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			req := provision.Request{Spec: cluster.Spec{Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": {Retire: []string{"astro-cpu-9"}}}}}
			row.promise.hold(&req, before)
			if !slices.Equal(req.Planned, row.planned) || (req.Planned == nil) != (row.planned == nil) || !slices.Equal(req.Roll, row.roll) {
				t.Errorf("planned %v, roll %v; want %v, %v", req.Planned, req.Roll, row.planned, row.roll)
			}
			if retire := req.Spec.Groups["cpu"].Retire; !slices.Equal(retire, row.retire) {
				t.Errorf("retire %v, want %v", retire, row.retire)
			}
			if req.ReplaceFrontEnd != row.frontEnd || req.KeepWorkers != row.keep {
				t.Errorf("replace the front-end: %t, keep workers: %t", req.ReplaceFrontEnd, req.KeepWorkers)
			}
		})
	}
}

// An apply decodes its plan once, and is limited to what the plan has shown: exactly
// those workers leave, whatever the configuration names.
func TestRequestOfAPlan(t *testing.T) {
	was := existing(t, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	got, _ := planned(t, testModel(t).with(t, 1, "astro-cpu-2", "astro-cpu-9"), &was)
	i, diags := readIntent(t.Context(), got, &was)
	if diags.HasError() {
		t.Fatal(diags)
	}
	req := i.request("here", "")
	if want := []string{"astro-cpu-1", "astro-frontend"}; !slices.Equal(req.Planned, want) {
		t.Errorf("planned %v, want %v", req.Planned, want)
	}
	if retire, want := req.Spec.Groups["cpu"].Retire, []string{"astro-cpu-2", "astro-cpu-3"}; !slices.Equal(retire, want) {
		t.Errorf("retire %v, want %v", retire, want)
	}
	if req.Create || req.Generation != 7 || len(req.Known) != 4 || req.CreatedBy != "here" || req.Replacement.Rolling {
		t.Errorf("request %+v", req)
	}
}

// A create begins each group with its initial number and has promised nothing of
// what is there.
func TestRequestOfACreate(t *testing.T) {
	m := testModel(t)
	m.setGroups(t, map[string]groupModel{"cpu": scaled(0, 5, 2)})
	got, _ := planned(t, m, nil)
	i, diags := readIntent(t.Context(), got, nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	req := i.request("here", "")
	if !req.Create || req.Planned != nil || req.ReplaceFrontEnd || req.KeepWorkers || req.Spec.Groups["cpu"].Count != 2 {
		t.Errorf("request %+v", req)
	}
}
