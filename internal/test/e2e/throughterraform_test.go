//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const byRuns = `
group "planned" {
  max = 1
}

policy {
  interval        = "10s"
  scale_out_after = "20s"
  idle_after      = "20s"
}

actuator "terraform" {
  directory = %q
  resource  = %q
  program   = %q
}
`

// throughTerraform has the scaler grow and shrink the group whose number Terraform
// has, by runs of Terraform in the story's own directory. A plan in that
// directory has no changes, neither with the worker nor after it.
func (s *story) throughTerraform(t *testing.T) {
	file := s.scalerFile(t, "planned", fmt.Sprintf(byRuns, s.cli.Dir, address, s.cli.Path))
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	file.awaitLook(t)
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, group: "planned", command: untilTold})
	s.startedOn(t, id, plannedWorker, growth)
	s.madeBy(t, plannedWorker, cluster.OwnerTerraform)
	s.wish(t, 1)
	// The run itself ends when the worker has joined, as any apply.
	eventually(t, "a human's plan shows no difference", 5*time.Minute, func() (string, bool) {
		text, differs, err := s.cli.Plan(t.Context(), "-lock-timeout=3m")
		return fmt.Sprint(text, err), err == nil && !differs
	})

	s.end(t, id, plannedWorker)
	eventually(t, "the job is done", 3*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.awaitNoWorkers(t, file)
	s.ends(t, stop) // after the run that is going
	s.ranOnce(t, id, 1)
	s.wish(t, 0)
	s.nothingLeftOf(t, plannedWorker)
	for _, r := range file.read(t) {
		if len(r.Errors) > 0 {
			t.Errorf("the scaler says of a run: %q", r.Errors)
		}
	}
}

// wish expects the variables file to ask for count workers of the group. The
// workers that left stay named until the next wish.
func (s *story) wish(t *testing.T, count int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.cli.Dir, "scaler.auto.tfvars.json"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the variables file: %s", raw)
	var content map[string]map[string]struct {
		Count  int      `json:"count"`
		Retire []string `json:"retire"`
	}
	if err := json.Unmarshal(raw, &content); err != nil {
		t.Fatal(err)
	}
	group, retire := content["vmcluster_workers"]["planned"], []string{}
	if count == 0 {
		retire = []string{plannedWorker}
	}
	if group.Count != count || !slices.Equal(group.Retire, retire) || len(content["vmcluster_workers"]) != 1 {
		t.Errorf("the variables file says %s; want %d without %v", raw, count, retire)
	}
}
