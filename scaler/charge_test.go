package main

import (
	"path/filepath"
	"testing"
)

// A block for a group whose number Terraform has is an error, which says how to hand the
// group over: the scaler and the next apply would undo each other's work. What only looks
// still looks.
func TestAGroupThatTerraformOwnsByCount(t *testing.T) {
	const want = `group cpu: Terraform's configuration has count = 2 for this group, and the next apply would undo what the scaler does: ` +
		`write scaling = { min = 3, max = 4 } there in place of count, and apply; or remove this group's block`
	const rest = "group \"cpu\" {\n  min = 3\n  max = 4\n}\npolicy {\n  scale_out_after = \"0s\"\n  drain_recheck = \"0s\"\n}\n"
	restoreEnvironment(t)
	s := newStageOf(t, rest, nil)
	out, text := s.run(exitFailed, "plan")
	contains(t, out, "nothing", "group cpu")
	contains(t, text, want)
	_, text = s.run(exitFailed, "once")
	contains(t, text, want)
	if n := len(s.cloud.Servers()); n != 3 {
		t.Errorf("there are %d servers: the scaler has changed Terraform's group", n)
	}
	out, _ = s.run(exitOK, "status")
	contains(t, out, "cpu ")
	out, _ = s.run(exitOK, "explain", "cpu")
	contains(t, out, "Terraform's configuration has count = 2")

	s.configure(rest + "actuator \"dry-run\" {}\n") // before the group is handed over
	out, _ = s.run(exitOK, "plan")
	contains(t, out, "add 1")

	s.configure(rest + "actuator \"terraform\" {\n  directory = \"" + filepath.Dir(s.file) + "\"\n  resource = \"vmcluster_cluster.astro\"\n  program = \"true\"\n}\n")
	out, _ = s.run(exitOK, "plan")
	contains(t, out, "add 1")
}

// Runs of Terraform change a count, and not a group with scaling.
func TestAGroupWithScalingThroughTerraform(t *testing.T) {
	restoreEnvironment(t)
	s := newStage(t, "")
	const actuator = "actuator \"terraform\" {\n  directory = \".\"\n  resource = \"vmcluster_cluster.astro\"\n  program = \"true\"\n}\n"
	s.configure("group \"cpu\" {\n  min = 3\n}\n" + actuator)
	_, text := s.run(exitFailed, "plan")
	contains(t, text, `group cpu: Terraform's configuration has scaling for this group, and actuator "terraform" changes a count`)
	s.configure(actuator) // another group may be the actuator's
	out, _ := s.run(exitOK, "plan")
	contains(t, out, `left alone: Terraform's configuration has scaling for this group`)
}
