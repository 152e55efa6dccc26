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
	if d.FrontEndAs.CloudConfig != "" || d.FrontEndAs.Files != nil {
		t.Error("the front-end's own cloud_config and files take room in the document")
	}
}

// A document that fits when it is tried must fit when it is made: the trial holds
// every worker that the groups may come to have, and every key.
func TestTrialIsAsLargeAsTheDocumentComesToBe(t *testing.T) {
	spec := sampleSpec()
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
