package slurm

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

var nodeKeys = keys(
	"NodeName", "NodeAddr", "CPUAlloc", "CPUEfctv", "CPUTot", "RealMemory", "AllocMem", "MemSpecLimit", "TmpDisk", "Gres", "GresUsed", "AllocTRES",
	"State", "ActiveFeatures", "Partitions", "SlurmdStartTime", "LastBusyTime", "InstanceId",
)

// Bounds of what a node may be. Sums of such numbers do not overflow.
var mostOfAll = queue.Shape{Cpus: 1 << 20, MemoryMiB: 1 << 30, DiskKiB: 1 << 40, GPUs: 1 << 10}

// hostName matches what can be the name of a node.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$`)

// nodes lists the nodes that have a slurmd. A node in a reservation takes no usual job.
func (r *Reader) nodes(ctx context.Context, now time.Time, jobs *jobList, left leave) ([]queue.Worker, error) {
	var out []queue.Worker
	kept := reserved(jobs.terms.reservations, now, left)
	seen := map[string]bool{}
	err := r.scontrol(ctx, func(in io.Reader) error {
		return lines(in, "NodeName", "No nodes in the system", func(line string) {
			v := values(line, nodeKeys)
			name := strings.ToLower(v["NodeName"])
			switch {
			case !hostName.MatchString(name):
				left("?", "its name is none")
			case seen[name]:
				left(name, "a node of that name is listed twice")
			default:
				seen[name] = true
				if w, is := worker(v, now, jobs.onNode[name]); is {
					w.Attributes = attributes(v, jobs.groups)
					w.Draining = w.Draining || kept[name]
					out = append(out, w)
				}
			}
		}, left)
	}, "show", "nodes")
	slices.SortFunc(out, func(a, b queue.Worker) int { return cluster.CompareNames(a.Name, b.Name) })
	return out, err
}

// State words of nodes. A state is a base and flags: "IDLE+DRAIN+DYNAMIC_NORM",
// "DOWN*+DYNAMIC_NORM". An asterisk says that slurmd does not answer.
var (
	// absent are states in which a node has no slurmd that takes part.
	absent = []string{"FUTURE", "UNKNOWN", "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP"}
	// closed are states in which a node starts no new job, or only those of a reservation.
	closed = []string{
		"DOWN", "DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING", "ERROR", "INVALID", "INVALID_REG", "NOT_RESPONDING", "MAINT", "RESERVED", "BLOCKED",
		"REBOOT", "REBOOT_REQUESTED", "REBOOT_ISSUED", "POWER_DOWN", "POWER_DRAIN",
	}
	// busy are states in which a job is on a node.
	busy = []string{"ALLOCATED", "ALLOC", "MIXED", "COMPLETING", "COMP"}
)

// nodeState is the state of a node in parts.
type nodeState struct {
	words  []string
	silent bool // its slurmd does not answer
}

func stateOf(text string) nodeState {
	var s nodeState
	for _, w := range strings.Split(strings.ToUpper(text), "+") {
		name := strings.TrimRight(w, "*~#!%$@^-")
		s.silent = s.silent || strings.Contains(w, "*") || name == "NOT_RESPONDING"
		s.words = append(s.words, name)
	}
	return s
}

// is reports whether the state has one of the words.
func (s nodeState) is(words []string) bool {
	return slices.ContainsFunc(s.words, func(w string) bool { return slices.Contains(words, w) })
}

// ranAfter is the time after slurmd's start from which on a node's last use can't be the
// time of its registration, which Slurm notes as such.
const ranAfter = 30 * time.Second

// worker returns the worker of a node; is is false for a node that is not there: a
// placeholder, one that is down because its slurmd does not answer, or one that was down
// and whose address another node has now. Slurm takes the other's answers for those of
// the first, but knows no start of its slurmd (observed with 24.11).
func worker(v map[string]string, now time.Time, jobs int) (w queue.Worker, is bool) {
	state := stateOf(v["State"])
	if v["State"] == "" || state.is(absent) || state.silent && state.is([]string{"DOWN"}) {
		return queue.Worker{}, false
	}
	started, busySince := moment(v["SlurmdStartTime"]), moment(v["LastBusyTime"])
	if started.IsZero() && jobs == 0 {
		return queue.Worker{}, false
	}
	total := queue.Shape{
		Cpus: whole(v["CPUTot"]), MemoryMiB: max(0, whole(v["RealMemory"])-whole(v["MemSpecLimit"])), DiskKiB: whole(v["TmpDisk"]) * 1024,
		GPUs: gpusIn(v["Gres"]),
	}
	if n, told := v["CPUEfctv"]; told {
		total.Cpus = whole(n)
	}
	total = withinBounds(total, mostOfAll)
	used := queue.Shape{Cpus: whole(v["CPUAlloc"]), MemoryMiB: whole(v["AllocMem"]), GPUs: max(gpusIn(v["GresUsed"]), gpusIn(v["AllocTRES"]))}
	w = queue.Worker{
		Name: strings.ToLower(v["NodeName"]), Slots: 1, Total: total, Free: withinBounds(total.Take(used, 1), total),
		Running: jobs, State: text.Line(v["State"], 60), Draining: state.is(closed) || state.silent,
		IdleSince: earlier(busySince, now), Started: earlier(started, now),
		Server: text.Line(v["InstanceId"], 100),
	}
	if state.is(busy) || used.Cpus > 0 {
		w.Running = max(w.Running, 1)
	}
	if !state.silent {
		w.HeardAt = now // slurmctld asks a node that is silent, and then says so
	}
	w.RanBefore = w.Running > 0 || !started.IsZero() && busySince.Sub(started) > ranAfter
	if w.IdleSince.IsZero() {
		w.IdleSince = now
	}
	return w, true
}

// withinBounds returns amounts that are neither negative nor more than there can be.
func withinBounds(s, most queue.Shape) queue.Shape {
	within := func(n, most int) int { return max(0, min(n, most)) }
	return queue.Shape{
		Cpus: within(s.Cpus, most.Cpus), MemoryMiB: within(s.MemoryMiB, most.MemoryMiB),
		DiskKiB: within(s.DiskKiB, most.DiskKiB), GPUs: within(s.GPUs, most.GPUs),
	}
}

// earlier returns a time that is not in the future: the clocks of two machines differ.
func earlier(at, now time.Time) time.Time {
	if at.After(now) {
		return now
	}
	return at
}

// Bounds of a list of features or partitions that is kept.
const longestList = 4 << 10

// attributes returns what a Judge reads of a worker. Its group is the feature that has a
// partition of its own.
func attributes(v map[string]string, groups map[string]bool) queue.Attributes {
	out := queue.Attributes{nodeAttribute: strings.ToLower(v["NodeName"])}
	for name, list := range map[string]string{featuresAttribute: v["ActiveFeatures"], partitionsAttribute: v["Partitions"]} {
		if len(list) <= longestList {
			out[name] = text.Clean(list)
		}
	}
	for feature := range strings.SplitSeq(v["ActiveFeatures"], ",") {
		if groups[feature] {
			out[groupAttribute] = feature
			break
		}
	}
	return out
}

// leaver returns a leave that keeps up to ten words on entries of a kind.
func leaver(kind string, into *[]string) leave {
	n := 0
	return func(label, why string) {
		switch n++; {
		case n <= 10:
			*into = append(*into, text.Line(fmt.Sprintf("%s %s: %s", kind, label, why), 200))
		case n == 11:
			*into = append(*into, "further entries: "+kind)
		}
	}
}
