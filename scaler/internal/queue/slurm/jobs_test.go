package slurm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// inShort returns the jobs of a snapshot in short lines.
func inShort(s queue.Snapshot) string {
	var lines []string
	for _, g := range s.Jobs {
		line := fmt.Sprintf("%d of %s: %d CPUs %d MiB", g.Count, g.First, g.Asks.Cpus, g.Asks.MemoryMiB)
		for _, part := range []struct {
			n    int
			what string
		}{{g.Asks.GPUs, "GPUs"}, {g.Asks.DiskKiB / 1024, "MiB of disk"}, {g.Nodes, "nodes"}, {g.Tasks, "tasks"}} {
			if part.n > 0 {
				line += fmt.Sprintf(" %d %s", part.n, part.what)
			}
		}
		if g.Exclusive {
			line += " exclusive"
		}
		if g.OneGroup {
			line += " one group"
		}
		if g.Group != "" {
			line += " group " + g.Group
		}
		if g.Requires != nil {
			line += " {" + strings.Join(g.Requires.Clauses, "; ") + "}"
		}
		lines = append(lines, line)
	}
	for _, k := range s.Skipped {
		lines = append(lines, fmt.Sprintf("skipped %d of %s: %s", k.Count, k.First, k.Why))
	}
	return strings.Join(lines, "\n")
}

func TestArrays(t *testing.T) {
	const one = ": 1 CPUs 100 MiB"
	array := func(id, tasks, state string) string {
		nodes := ""
		if state == "RUNNING" {
			nodes = "w1"
		}
		return job(map[int]string{fieldID: id, fieldArray: "6", fieldTasksOfArray: tasks, fieldState: state, fieldNodes: nodes})
	}
	limited := func(record string) string {
		return strings.Replace(record, "Resources", "JobArrayTaskLimit,BeginTime", 1)
	}
	for name, tt := range map[string]struct {
		jobs []string
		want string
	}{
		"all tasks count":          {[]string{array("6", "1-100", "PENDING")}, "100 of 6_1" + one},
		"a list":                   {[]string{array("6", "3,5-7", "PENDING")}, "4 of 6_3" + one},
		"two at once":              {[]string{array("6", "1-100%2", "PENDING")}, "2 of 6_1" + one + "\nskipped 98 of 6_1: " + arrayLimit},
		"two at once, one runs":    {[]string{array("6", "2-100%2", "PENDING"), array("7", "1", "RUNNING")}, "1 of 6_2" + one + "\nskipped 98 of 6_2: " + arrayLimit},
		"two at once, two run":     {[]string{array("9", "3-100%2", "PENDING"), array("7", "1", "RUNNING"), array("8", "2", "RUNNING")}, "skipped 98 of 6_3: " + arrayLimit},
		"a task that was put back": {[]string{array("6", "2-100", "PENDING"), array("7", "1", "PENDING")}, "100 of 6_2" + one},
		"Slurm says that the limit is reached, and a task was put back": {
			[]string{limited(array("6", "2-100%2", "PENDING")), array("7", "1", "RUNNING")}, "1 of 6_2" + one + "\nskipped 98 of 6_2: " + arrayLimit,
		},
		"Slurm says that the limit is reached, and shows none": {[]string{limited(array("6", "3", "PENDING"))}, "skipped 1 of 6_3: " + arrayLimit},
	} {
		if got := inShort(read(t, pool(tt.jobs...))); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
	s := read(t, pool(array("6", "1-3,5,...", "PENDING")))
	if got := inShort(s); got != "4 of 6_1"+one || len(s.LeftOut) != 1 || len(s.Partial) > 0 {
		t.Errorf("a list that is cut off: %s, %v", got, s.LeftOut)
	}
}

// A heterogeneous job starts whole. It counts as a gang if its parts are alike.
func TestHeterogeneousJobs(t *testing.T) {
	part := func(offset string, other map[int]string) string {
		v := map[int]string{fieldID: "1" + offset, fieldHet: "10", fieldHetOffset: offset}
		for field, text := range other {
			v[field] = text
		}
		return job(v)
	}
	twoNodes := map[int]string{fieldCpus: "2", fieldTasks: "2", fieldNodeCount: "2", fieldMostNodes: "2", fieldAllocated: "cpu=2,mem=200M,node=2"}
	whole := map[int]string{fieldShared: "NO"}

	for name, tt := range map[string]struct {
		jobs []string
		want string
	}{
		"like parts can share a worker":     {[]string{part("0", nil), part("1", nil), part("2", nil)}, "1 of 10+0: 1 CPUs 100 MiB 3 tasks"},
		"parts of several nodes":            {[]string{part("0", twoNodes), part("1", twoNodes)}, "1 of 10+0: 1 CPUs 100 MiB 4 nodes"},
		"parts with nodes of their own":     {[]string{part("0", whole), part("1", whole)}, "1 of 10+0: 1 CPUs 100 MiB 2 nodes exclusive"},
		"parts that differ":                 {[]string{part("0", nil), part("1", twoNodes)}, "skipped 1 of 10+0: " + different},
		"a part that waits for another job": {[]string{part("0", nil), part("1", map[int]string{fieldReason: "Dependency"})}, "skipped 1 of 10+0: waits for another job (Dependency)"},
	} {
		if got := inShort(read(t, pool(tt.jobs...))); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

// What keeps a job although Slurm says only that others come first.
func TestLimits(t *testing.T) {
	p := func(name, more string) string {
		return "PartitionName=" + name + " MaxNodes=UNLIMITED MaxTime=UNLIMITED Nodes=w[1-2] OverSubscribe=NO State=UP SelectTypeParameters=NONE " + more + "\n"
	}
	first := func(line, old, new string) string { return strings.Replace(line, old, new, 1) }
	partitions := p(allGroups, "") + first(p("short", ""), "MaxTime=UNLIMITED", "MaxTime=00:05:00") + first(p("narrow", ""), "MaxNodes=UNLIMITED", "MaxNodes=2") +
		first(p("down", ""), "State=UP", "State=DOWN") + first(p("own", ""), "OverSubscribe=NO", "OverSubscribe=EXCLUSIVE") + first(p("cores", ""), "=NONE", "=CR_CORE")
	wide := map[int]string{fieldCpus: "3", fieldTasks: "3", fieldNodeCount: "3", fieldMostNodes: "3", fieldAllocated: "cpu=3,mem=300M,node=3", fieldPartition: "narrow", fieldReason: "PartitionNodeLimit"}
	const maintenance = "ReservationName=maint StartTime=4102444800 EndTime=4102448400 Flags=MAINT,IGNORE_JOBS,ALL_NODES Nodes=w[1-2] PartitionName=(null)\n"
	for name, tt := range map[string]struct {
		job          map[int]string
		reservations string
		want         string
	}{
		"a time within the limit":          {map[int]string{fieldPartition: "short", fieldLimit: "5:00"}, "", "1 of 6: 1 CPUs 100 MiB {partitions: short}"},
		"a time beyond the limit":          {map[int]string{fieldPartition: "short", fieldReason: "Priority"}, "", "skipped 1 of 6: its time limit exceeds its partition's (PartitionTimeLimit)"},
		"no limit of its own":              {map[int]string{fieldPartition: "short", fieldLimit: "UNLIMITED"}, "", "1 of 6: 1 CPUs 100 MiB {partitions: short}"},
		"another partition takes it":       {map[int]string{fieldPartition: "short,narrow"}, "", "1 of 6: 1 CPUs 100 MiB {partitions: short,narrow}"},
		"more nodes than allowed":          {wide, "", "skipped 1 of 6: it asks for more nodes than its partition allows (PartitionNodeLimit)"},
		"more nodes than there are":        {map[int]string{fieldReason: "PartitionNodeLimit"}, "", "1 of 6: 1 CPUs 100 MiB"},
		"a partition that is down":         {map[int]string{fieldPartition: "down", fieldReason: "Priority"}, "", "skipped 1 of 6: its partition is down or inactive"},
		"a partition of whole nodes":       {map[int]string{fieldPartition: "own"}, "", "1 of 6: 1 CPUs 100 MiB exclusive {partitions: own}"},
		"all memory of a node":             {map[int]string{fieldMemory: "0", fieldAllocated: "cpu=1,mem=8000M,node=1"}, "", "1 of 6: 1 CPUs 0 MiB exclusive"},
		"memory that is not given out":     {map[int]string{fieldMemory: "0", fieldPartition: "cores"}, "", "1 of 6: 1 CPUs 0 MiB {partitions: cores}"},
		"a reservation of its own":         {map[int]string{fieldReservation: "mine"}, "", "skipped 1 of 6: asks for a reservation, whose nodes are fixed"},
		"it ends before the maintenance":   {nil, maintenance, "1 of 6: 1 CPUs 100 MiB"},
		"it can not end before":            {map[int]string{fieldLimit: "UNLIMITED"}, maintenance, "skipped 1 of 6: its time limit reaches into reservation maint"},
		"a maintenance of another part":    {map[int]string{fieldLimit: "UNLIMITED"}, first(first(maintenance, "ALL_NODES", "PART_NODES"), "(null)", "short"), "1 of 6: 1 CPUs 100 MiB"},
		"a maintenance of its partition":   {map[int]string{fieldLimit: "UNLIMITED"}, first(first(maintenance, "ALL_NODES", "PART_NODES"), "(null)", allGroups), "skipped 1 of 6: its time limit reaches into reservation maint"},
		"a maintenance that is over":       {map[int]string{fieldLimit: "UNLIMITED"}, strings.NewReplacer("4102444800", "1600000000", "4102448400", "1600003600").Replace(maintenance), "1 of 6: 1 CPUs 100 MiB"},
		"a reservation of some nodes only": {map[int]string{fieldLimit: "UNLIMITED"}, first(maintenance, ",ALL_NODES", ""), "1 of 6: 1 CPUs 100 MiB"},
	} {
		r := pool(job(tt.job))
		r.partitions, r.reservations = partitions, tt.reservations
		if r.reservations == "" {
			r.reservations = "No reservations in the system\n"
		}
		if got := inShort(read(t, r)); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}
