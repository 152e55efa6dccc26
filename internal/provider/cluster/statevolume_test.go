package cluster

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
)

// What a person reads before a front-end is made anew: whether jobs go on.
func TestWarningOfTheQueue(t *testing.T) {
	const on, empty = "Jobs that run go on", "workers come back empty"
	for _, row := range []struct {
		name        string
		named       types.String
		was, wanted string // IDs
		whether     bool
		summary     string
		says, lacks string
	}{
		{"no state volume", types.StringNull(), "", "", false, "The batch system's queue is made anew", empty, on},
		{"the same state volume", types.StringValue("state"), "v1", "v1", false, "The front-end is made anew", on, empty},
		{"the same state volume, and the front-end may stay", types.StringValue("state"), "v1", "v1", true, "The front-end may be made anew", on, empty},
		{"its first state volume", types.StringValue("state"), "", "v1", false, "The batch system's queue is made anew", "new to the cluster", on},
		{"another state volume", types.StringValue("other"), "v1", "v2", false, "The batch system's queue is made anew", empty, on},
		{"none any more", types.StringNull(), "v1", "", false, "The batch system's queue is made anew", empty, on},
		{"one that is not known yet", types.StringUnknown(), "v1", "", true, "The batch system's queue may be made anew", "unless it is on the state volume", on},
	} {
		var c change
		c.nodes.FrontEndName = "astro-frontend"
		c.want.batch.StateVolume = row.named
		c.was.spec.FrontEnd.StateVolume, c.spec.FrontEnd.StateVolume = row.was, row.wanted
		d := queueWarning(c, row.whether)
		if d.Summary() != row.summary || !strings.Contains(d.Detail(), row.says) || strings.Contains(d.Detail(), row.lacks) || !strings.Contains(d.Detail(), "astro-frontend") {
			t.Errorf("%s: %s: %s", row.name, d.Summary(), d.Detail())
		}
	}
}

// A name that stands for nothing yet may make another front-end, and promises none.
func TestFrontEndOfAnUnknownVolumeIsOpen(t *testing.T) {
	m := testModel(t)
	m.BatchSystem = batchSystemModel{Type: types.StringValue("htcondor"), StateVolume: types.StringUnknown()}.value()
	c := m.decoded(t)
	if open := openIn(t.Context(), c); !open.frontEnd || !open.any || open.groups["cpu"] {
		t.Errorf("open: %+v", open)
	}
	if refs, whole := c.references(); whole {
		t.Errorf("references are whole: %v", refs)
	}
	m.BatchSystem = batchSystemModel{Type: types.StringValue("htcondor"), StateVolume: types.StringValue("state")}.value()
	c = m.decoded(t)
	if spec := c.spec(testResolution).FrontEnd; !c.namesMore(spec) || spec.StateVolume != "" {
		t.Errorf("a volume that no look-up has found counts as none: %+v", spec)
	}
	fe := testFrontEnd()
	fe.ReplaceOnChange = types.BoolValue(true)
	m.setFrontEnd(t, fe)
	was := existing(t, "astro-cpu-1")
	planned := computed(t, m, &was)
	planned.kept.frontEndSpec = "that of a front-end with the volume"
	planned.decideFrontEnd()
	if !planned.open.frontEnd {
		t.Error("a plan promises another front-end for a volume that no look-up has found")
	}
	names := resolution{"volume/state": "v1"}
	if spec := c.spec(names).FrontEnd; c.namesMore(spec) || spec.StateVolume != "v1" {
		t.Errorf("spec of a volume that was found: %+v", spec)
	}
	plain := testModel(t).decoded(t)
	if plain.namesMore(plain.spec(testResolution).FrontEnd) {
		t.Error("a front-end without port and volume is open")
	}
}

func TestVolumeFault(t *testing.T) {
	inUse, moves, failed := preflight.VolumeFault{Server: "s2"}, preflight.VolumeFault{Status: "reserved", Moves: true}, preflight.VolumeFault{Status: "error"}
	for _, row := range []struct {
		name                          string
		fault                         preflight.VolumeFault
		create, mayReplace, leftovers bool
		errors, warnings              int
		says                          string
	}{
		{"nothing wrong", preflight.VolumeFault{}, true, true, true, 0, 0, ""},
		{"in use", inUse, false, false, false, 1, 0, "attached to server s2"},
		{"in use, while a cluster is replaced", inUse, true, true, false, 0, 0, ""},
		{"in use, and an interrupted create has left servers", inUse, true, false, true, 0, 1, "attached to server s2"},
		{"on its way", moves, true, false, false, 1, 0, `status is "reserved"`},
		{"on its way, while a cluster is replaced", moves, true, true, false, 0, 0, ""},
		{"failed, while a cluster is replaced", failed, true, true, false, 1, 0, `status is "error"`},
		{"failed, and an interrupted create has left servers", failed, true, false, true, 1, 0, `status is "error"`},
		{"for several servers", preflight.VolumeFault{Shared: true}, false, false, false, 1, 0, "not multi-attach"},
	} {
		f := forecast{change: change{create: row.create, leftovers: row.leftovers}, mayReplace: row.mayReplace}
		diags := f.volumeFault(row.fault)
		if diags.ErrorsCount() != row.errors || diags.WarningsCount() != row.warnings {
			t.Errorf("%s: %v", row.name, diags)
		}
		for _, d := range diags {
			if !strings.Contains(d.Detail(), row.says) {
				t.Errorf("%s: %s", row.name, d.Detail())
			}
		}
	}
}
