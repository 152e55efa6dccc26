package loadleveler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// inShort returns what a snapshot says, a line for each group, reason, worker and node.
func inShort(s queue.Snapshot) string {
	var lines []string
	for _, g := range s.Jobs {
		line := fmt.Sprintf("%d of %s: %d CPUs %d MiB", g.Count, g.First, g.Asks.Cpus, g.Asks.MemoryMiB)
		if g.Asks.GPUs > 0 {
			line += fmt.Sprintf(" %d GPUs", g.Asks.GPUs)
		}
		if g.Nodes > 0 {
			line += fmt.Sprintf(" %d nodes", g.Nodes)
		}
		if g.Tasks > 0 {
			line += fmt.Sprintf(" %d tasks", g.Tasks)
		}
		if g.Group != "" {
			line += " group " + g.Group
		}
		if g.Exclusive {
			line += " exclusive"
		}
		lines = append(lines, line+" {"+strings.Join(g.Requires.Clauses, "; ")+"}")
	}
	for _, k := range s.Skipped {
		lines = append(lines, fmt.Sprintf("skipped %d of %s: %s", k.Count, k.First, k.Why))
	}
	lines = append(lines, fmt.Sprintf("%d run", s.Running))
	for _, name := range slices.Sorted(maps.Keys(s.OnNode)) {
		lines = append(lines, fmt.Sprintf("on %s: %d", name, s.OnNode[name]))
	}
	for _, w := range s.Workers {
		line := fmt.Sprintf("%s: %d of %d CPUs, %d of %d MiB, %d GPUs, %d run, %s", w.Name, w.Free.Cpus, w.Total.Cpus, w.Free.MemoryMiB, w.Total.MemoryMiB, w.Total.GPUs, w.Running, w.State)
		if w.Draining {
			line += ", draining"
		}
		lines = append(lines, line)
	}
	for _, p := range slices.Concat(s.Partial, s.LeftOut) {
		lines = append(lines, "! "+p)
	}
	return strings.Join(lines, "\n")
}

func TestPools(t *testing.T) {
	for folder, want := range map[string]string{
		"5": `
1 of front.102.0: 2 CPUs 2048 MiB {class: serial; requirements: (Feature == "cpu") && (Arch == "AMD64")}
1 of front.103.0: 1 CPUs 0 MiB 3 nodes exclusive {class: parallel}
1 of front.104.0: 2 CPUs 1000 MiB 2 nodes {class: parallel}
1 of front.108.0: 2 CPUs 0 MiB 1 nodes 3 tasks {class: parallel}
1 of front.112.0: 1 CPUs 0 MiB 1 GPUs {class: gpu; resource: licence(2)}
1 of front.113.0: 1 CPUs 0 MiB 2 nodes {class: parallel; requirements: (Machine != "astro-cpu-1")}
1 of front.114.0: 1 CPUs 0 MiB {class: few}
skipped 1 of front.105.0: held by its user (User Hold)
skipped 1 of front.110.0: is to begin at a later time (Hold Job Until)
skipped 1 of front.111.0: it asks for more than its class allows (Max Resources)
skipped 1 of front.109.0: not in the queue yet: a limit of its user's steps, another step, or its schedd is down (Not Queued)
skipped 1 of front.115.0: the limit of steps at once of its class is reached (Maxjobs)
skipped 1 of front.106.0: the negotiator says: User = ada has reached the maximum number of job steps allowed running in class serial.
2 run
on astro-cpu-1: 2
on astro-cpu-2: 1
astro-cpu-1: 1 of 4 CPUs, 6144 of 7680 MiB, 0 GPUs, 2 run, Running
astro-cpu-2: 2 of 4 CPUs, 7680 of 7680 MiB, 0 GPUs, 1 run, Running
astro-cpu-3: 4 of 4 CPUs, 7680 of 7680 MiB, 0 GPUs, 0 run, Idle
astro-cpu-4: 4 of 4 CPUs, 7680 of 7680 MiB, 0 GPUs, 0 run, Drained, draining
astro-gpu-1: 8 of 8 CPUs, 15872 of 15872 MiB, 2 GPUs, 0 run, Idle`,
		"3": `
1 of front.hpc.test.8.0: 1 CPUs 0 MiB 2 nodes {class: parall; requirements: (Arch == "AMD64") && (OpSys == "Linux2")}
1 of front.hpc.test.11.0: 1 CPUs 1000 MiB 2 nodes {class: serial}
1 of front.hpc.test.11.1: 2 CPUs 300 MiB {class: serial}
skipped 1 of front.hpc.test.10.0: held by an administrator (System Hold)
2 run
on w1: 2
on w2: 1
w1: 0 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 2 run, Busy
w2: 3 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 1 run, Drnng, draining`,
	} {
		if got := inShort(read(t, in(folder).tools(t))); got != strings.TrimSpace(want) {
			t.Errorf("%s:\n%s\nwant\n%s", folder, got, want)
		}
	}
}

// On a cluster with the class of all groups, each other class is that of a worker group.
func TestClassesOfGroups(t *testing.T) {
	f := fakeOf(t, waiting("front.1.0", map[string]string{"Class": "gpu"}), waiting("front.2.0", map[string]string{"Class": "all_groups"}))
	p := in("5")
	p.classes = ""
	for _, class := range []string{"all_groups", "cpu", "gpu"} {
		p.classes += "=============== Class " + class + " ===============\n                    Name: " + class + "\n"
	}
	f.machines = p.tools(t)
	got, _, _ := strings.Cut(inShort(read(t, f)), "\n0 run")
	if want := "1 of front.1.0: 1 CPUs 0 MiB group gpu {class: gpu}\n1 of front.2.0: 1 CPUs 0 MiB {class: all_groups}"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
