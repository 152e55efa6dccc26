package roster

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func sampleSpec() cluster.Spec {
	node := cluster.NodeSpec{Image: "img", Flavor: "small", Network: "net"}
	frontEnd := node
	frontEnd.CloudConfig, frontEnd.Files = "packages: [jq]", map[string]string{"/etc/motd": "hello"}
	worker := node
	worker.CloudConfig = "packages: [jq]"
	return cluster.Spec{
		ID: "0f8a7f6e-0000-4000-8000-000000000001", Name: "astro", LoginUser: "astro", LoginUID: 20000,
		BatchSystem: cluster.BatchNone, Coordinator: cluster.CoordinatorFrontEnd, FrontEnd: frontEnd,
		Groups: map[string]cluster.GroupSpec{
			"cpu": {NodeSpec: worker, Count: 3, Retire: []string{"astro-cpu-1"}},
			"gpu": {NodeSpec: node, Count: 2, Scaling: &cluster.Scaling{Min: 0, Max: 5}},
		},
	}
}

func TestSetTemplatesReportsAChangeOnly(t *testing.T) {
	spec := sampleSpec()
	d := New(spec, "ssh-ed25519 CA", 7)
	if SetTemplates(&d, spec) {
		t.Error("the spec that the document was made from changes it")
	}
	spec.Groups["gpu"] = cluster.GroupSpec{NodeSpec: spec.Groups["gpu"].NodeSpec, Count: 4, Scaling: spec.Groups["gpu"].Scaling}
	if SetTemplates(&d, spec) {
		t.Error("the number of a scaled group changes the document")
	}
	spec.LoginUser = "stars"
	if !SetTemplates(&d, spec) || d.LoginUser != "stars" {
		t.Error("another login user does not change the document")
	}
	gpu := spec.Groups["gpu"]
	gpu.Machine = cluster.Machine{CPUs: 8, MemoryMiB: 16384, GPUs: 1}
	spec.Groups["gpu"] = gpu
	if !SetTemplates(&d, spec) || d.Groups["gpu"].Machine != gpu.Machine {
		t.Error("another size of workers does not change the document")
	}
	spec.BatchConfig = "A = b\n"
	if !SetTemplates(&d, spec) || d.BatchConfig != spec.BatchConfig {
		t.Error("other lines of the batch system do not change the document")
	}
	if d.FrontEndAs.CloudConfig != "" || d.FrontEndAs.Files != nil {
		t.Error("the front-end's own cloud_config and files take room in the document")
	}
}

// Each row: a change of the spec, and whether the batch system has to be configured anew.
func TestReconfigures(t *testing.T) {
	group := func(s *cluster.Spec, change func(*cluster.GroupSpec)) {
		g := s.Groups["gpu"]
		change(&g)
		s.Groups["gpu"] = g
	}
	for _, row := range []struct {
		name   string
		change func(*cluster.Spec)
		want   bool
	}{
		{"nothing", func(*cluster.Spec) {}, false},
		{"the login user", func(s *cluster.Spec) { s.LoginUser = "stars" }, false},
		{"what workers are made of", func(s *cluster.Spec) { group(s, func(g *cluster.GroupSpec) { g.Image = "other" }) }, false},
		{"min of a group", func(s *cluster.Spec) {
			group(s, func(g *cluster.GroupSpec) { g.Scaling = &cluster.Scaling{Min: 1, Max: 5} })
		}, false},
		{"max of a group", func(s *cluster.Spec) { group(s, func(g *cluster.GroupSpec) { g.Scaling = &cluster.Scaling{Max: 6} }) }, false},
		{"the size of workers", func(s *cluster.Spec) { group(s, func(g *cluster.GroupSpec) { g.Machine.MemoryMiB = 1024 }) }, true},
		{"GPUs", func(s *cluster.Spec) { group(s, func(g *cluster.GroupSpec) { g.Machine.GPUs = 2 }) }, true},
		{"a group less", func(s *cluster.Spec) { delete(s.Groups, "gpu") }, true},
		{"a group more", func(s *cluster.Spec) { s.Groups["big"] = s.Groups["gpu"] }, true},
		{"own lines", func(s *cluster.Spec) { s.BatchConfig = "A = b\n" }, true},
	} {
		spec := sampleSpec()
		spec.BatchSystem = "htcondor"
		before := New(spec, "ssh-ed25519 CA", 7)
		row.change(&spec)
		after := before
		SetTemplates(&after, spec)
		if got := Reconfigures(before, after); got != row.want {
			t.Errorf("%s: %t", row.name, got)
		}
		before.BatchSystem, after.BatchSystem = cluster.BatchNone, cluster.BatchNone
		if Reconfigures(before, after) {
			t.Errorf("%s, without a batch system: something is configured", row.name)
		}
	}
}

// A document that fits when it is tried must fit when it is made: the trial holds
// every worker that the groups may come to have, and every key.
func TestTrialIsAsLargeAsTheDocumentComesToBe(t *testing.T) {
	spec := sampleSpec()
	spec.BatchConfig = "A = b\n"
	trial := Trial(spec, "ssh-ed25519 CA")
	if n := len(trial.Workers); n != 3+5 {
		t.Errorf("%d workers, want all of cpu and as many of gpu as it may have", n)
	}
	for _, m := range trial.Workers {
		if trial.GroupOf(m.Name) == "" || m.Address == "" || trial.Batches[m.Batch] == "" {
			t.Errorf("member %+v", m)
		}
	}
	made := New(spec, "ssh-ed25519 CA", 1)
	trial.FrontEnd, trial.HostCAs, trial.Batches, trial.Workers = made.FrontEnd, nil, nil, nil
	if !sameJSON(trial, made) {
		t.Errorf("the trial differs from what is made:\n%+v\n%+v", trial, made)
	}
	spec.ID = ""
	if id := Trial(spec, "ssh-ed25519 CA").ID; len(id) != len(made.ID) || strings.Count(id, "-") != 4 {
		t.Errorf("an ID that is not known yet has the stand-in %q", id)
	}
}
