package loadleveler

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// simulator plays llq, llclass and llstatus over a state on disk; the tests of the node
// program use it as well.
const simulator = "../../../../internal/test/loadleveler/llsim.py"

// The reader and the simulated LoadLeveler mean the same, in both forms of the output, from
// a cluster without workers on.
func TestSimulatedLoadLeveler(t *testing.T) {
	script, err := filepath.Abs(simulator)
	if err != nil {
		t.Fatal(err)
	}
	name := func(node string) string { return node + ".astro.vmcluster.internal" }
	machine := func(node, class string, up, drain bool) map[string]any {
		return map[string]any{"name": name(node), "up": up, "drain": drain, "cpus": 4, "memory": 7000, "class": class}
	}
	step := func(job int, state, class string, nodes, cpus int, hosts ...string) map[string]any {
		full := []string{}
		for _, h := range hosts {
			full = append(full, name(h))
		}
		return map[string]any{
			"id": fmt.Sprintf("%s.%d.0", name("front"), job), "owner": "ada", "queued": 1_700_000_000, "started": 0, "state": state, "class": class,
			"nodes": nodes, "cpus": cpus, "memory": 500, "limit": 3600, "priority": 50, "hosts": full, "message": "", "geometry": job == 4,
		}
	}
	front := map[string]any{"name": name("front"), "up": true, "drain": false, "cpus": 2, "memory": 2000, "scheduler": true}
	waiting := []any{step(2, "I", "all_groups", 1, 4), step(3, "I", "cpu", 3, 1), step(4, "I", "gpu", 2, 1), step(5, "NQ", "gpu", 1, 1)}
	const jobs = "1 of front.astro.vmcluster.internal.2.0: 4 CPUs 500 MiB {class: all_groups}\n" +
		"1 of front.astro.vmcluster.internal.3.0: 1 CPUs 500 MiB 3 nodes group cpu {class: cpu}\n" +
		"1 of front.astro.vmcluster.internal.4.0: 1 CPUs 500 MiB 2 nodes group gpu {class: gpu}\n" +
		"skipped 1 of front.astro.vmcluster.internal.5.0: not in the queue yet: a limit of its user's steps, another step, or its schedd is down (Not Queued)\n"
	for what, tt := range map[string]struct {
		versions        []string
		machines, steps []any
		want            string
	}{
		"an empty cluster": {[]string{"3.5.1.6"}, []any{front}, []any{}, "0 run"},
		"no workers":       {[]string{"5.1.0.4"}, []any{front}, waiting, jobs + "0 run"},
		"workers": {
			[]string{"3.5.1.6", "5.1.0.4"},
			[]any{front, machine("astro-cpu-1", "cpu", true, false), machine("astro-cpu-2", "cpu", true, true), machine("astro-cpu-3", "cpu", true, true), machine("astro-gpu-1", "gpu", false, false)},
			append(waiting[:len(waiting):len(waiting)], step(1, "R", "cpu", 1, 2, "astro-cpu-1"), step(6, "R", "cpu", 2, 1, "astro-cpu-1", "astro-cpu-2")),
			jobs + "2 run\non astro-cpu-1: 2\non astro-cpu-2: 1\n" +
				"astro-cpu-1: 1 of 4 CPUs, 6000 of 7000 MiB, 0 GPUs, 2 run, Running\n" +
				"astro-cpu-2: 3 of 4 CPUs, 6500 of 7000 MiB, 0 GPUs, 1 run, Draining, draining\n" +
				"astro-cpu-3: 4 of 4 CPUs, 7000 of 7000 MiB, 0 GPUs, 0 run, Drained, draining",
		},
	} {
		for _, version := range tt.versions {
			dir := t.TempDir()
			state, err := json.Marshal(map[string]any{"version": version, "manager": name("front"), "down": false, "classes": []string{"all_groups", "cpu", "gpu"}, "machines": tt.machines, "steps": tt.steps})
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "state.json"), state, 0o600)
			}
			for _, tool := range []string{"llq", "llclass", "llstatus"} {
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, tool), fmt.Appendf(nil, "#!/bin/sh\nexec python3 -B %s %s/state.json \"$0\" \"$@\"\n", script, dir), 0o700)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := New(Options{Bin: dir, Runner: command.Exec{Timeout: time.Minute}}).Read(t.Context())
			if err != nil {
				t.Fatalf("%s, version %s: %v", what, version, err)
			}
			if got := inShort(s); got != tt.want {
				t.Errorf("%s, version %s:\n%s\nwant\n%s", what, version, got, tt.want)
			}
		}
	}
}
