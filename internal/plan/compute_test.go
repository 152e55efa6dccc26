package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// planNodes reads "1 2 3:ERROR" as workers of group cpu beside a front-end.
func planNodes(text string) cluster.Nodes {
	out := cluster.Nodes{{ID: "fe", Name: "astro-frontend", Role: cluster.RoleFrontEnd, Status: cluster.StatusActive}}
	for i, word := range strings.Fields(text) {
		number, status, said := strings.Cut(word, ":")
		if !said {
			status = "ACTIVE"
		}
		out = append(out, cluster.Node{
			ID: "id" + number, Name: "astro-cpu-" + number, Role: cluster.RoleWorker, Group: "cpu",
			Status: cluster.Status(status), Created: time.Date(2026, 1, 1, 12, i, 0, 0, time.UTC),
		})
	}
	return out
}

func numbers(text string) []string {
	var out []string
	for n := range strings.FieldsSeq(text) {
		out = append(out, "astro-cpu-"+n)
	}
	return out
}

// Each row: which workers are there, what is wanted, and which stay, come and go.
func TestCompute(t *testing.T) {
	count := func(n int, retire ...string) cluster.GroupSpec {
		return cluster.GroupSpec{Count: n, Retire: retire}
	}
	scaling := func(least, most int) cluster.GroupSpec {
		return cluster.GroupSpec{Scaling: &cluster.Scaling{Min: least, Max: most}}
	}
	starting := func(n, least, most int) cluster.GroupSpec {
		g := scaling(least, most)
		g.Count = n
		return g
	}
	for _, row := range []struct {
		name            string
		have            string
		want            cluster.GroupSpec
		names           string // that new workers are to get
		keep, add, gone string
	}{
		{"nothing to do", "1 2", count(2), "", "1 2", "", ""},
		{"grow by the lowest free numbers", "2 4", count(4), "", "2 4", "1 3", ""},
		{"shrink by the newest", "1 2 3", count(1), "", "1", "", "2 3"},
		{"shrink by name", "1 2 3", count(2, "astro-cpu-1"), "", "2 3", "", "1"},
		{"one in ERROR is made anew under its name", "1 2:ERROR 5", count(3), "", "1 5", "2", "2"},
		{"a high number keeps its name too", "1 5 7:ERROR", count(3), "", "1 5", "7", "7"},
		{"a stopped one is made anew", "1 2:SHUTOFF", count(2), "", "1", "2", "2"},
		{"one that never joined is made anew", "1 2:NOT_JOINED", count(2), "", "1", "2", "2"},
		{"one set away stays and counts", "1:PAUSED 2:SHELVED_OFFLOADED 3:RESCUE", count(3), "", "1 2 3", "", ""},
		{"one of a cell that is down stays and counts", "1 2:UNKNOWN", count(2), "", "1 2", "", ""},
		{"an unknown status is no reason to delete", "1:SHINY 2", count(2), "", "1 2", "", ""},
		{"an unfit one goes when the group shrinks", "1 2:ERROR 3", count(2), "", "1 3", "", "2"},
		{"a deleted one comes back under its name", "1 3", count(3), "7", "1 3", "7", ""},
		{"names beyond the number are not used", "1 3", count(2), "7", "1 3", "", ""},
		{"names of others are not used", "1", count(2), "1", "1", "2", ""},

		{"scaled: inside the bounds nothing happens", "1 2 3", scaling(1, 5), "", "1 2 3", "", ""},
		{"scaled: at the bounds nothing happens", "1", scaling(1, 1), "", "1", "", ""},
		{"scaled: below min it is repaired up to min", "2", scaling(3, 5), "", "2", "1 3", ""},
		{"scaled: above max no worker is deleted", "1 2 3 4", scaling(0, 2), "", "1 2 3 4", "", ""},
		{"scaled: a new group begins with its number", "", starting(2, 0, 5), "", "", "1 2", ""},
		{"scaled: an unfit one is the scaler's while enough work", "1 2:ERROR 3", scaling(2, 5), "", "1 2 3", "", ""},
		{"scaled: below min the unfit are made anew", "1 2:ERROR 3:SHUTOFF", scaling(2, 5), "", "1 3", "2", "2"},
		{"scaled: below min with none unfit", "1 2:ERROR", scaling(3, 5), "", "1", "2 3", "2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			spec := cluster.Spec{Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": row.want}}
			plan := Compute(spec, planNodes(row.have), Rules{Names: numbers(row.names)})
			g := plan.Groups["cpu"]
			if !slices.Equal(g.Keep, numbers(row.keep)) || !slices.Equal(g.Add, numbers(row.add)) || !slices.Equal(g.Remove, numbers(row.gone)) {
				t.Errorf("keep %v, add %v, remove %v", g.Keep, g.Add, g.Remove)
			}
			if plan.Empty() != (row.add == "" && row.gone == "") {
				t.Errorf("empty: %t", plan.Empty())
			}
		})
	}
}

// Switching a group's owner touches no worker.
func TestComputeOfASwitch(t *testing.T) {
	have := planNodes("1 2 4")
	for name, want := range map[string]cluster.GroupSpec{
		"to scaling": {Scaling: &cluster.Scaling{Min: 0, Max: 10}},
		"to count":   {Count: 3},
	} {
		spec := cluster.Spec{Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": want}}
		if plan := Compute(spec, have, Rules{}); !plan.Empty() {
			t.Errorf("%s: %v", name, plan.Groups)
		}
	}
}
