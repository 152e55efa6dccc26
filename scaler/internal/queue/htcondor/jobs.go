package htcondor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// jobAttributes are the attributes that are fetched of each job. Requirements is
// not among them: it triples the amount, and the autocluster's number tells
// apart jobs that differ in anything that matters for matching.
var jobAttributes = []string{
	"ClusterId", "ProcId", "JobStatus", "JobUniverse", "AutoClusterId", "QDate", "RemoteHost",
	"RequestCpus", "RequestMemory", "RequestDisk", "RequestGPUs",
	"ImageSize", "MemoryUsage", "ResidentSetSize", "DiskUsage", "NumJobStarts", "DeferralTime",
}

// jobConstraint selects idle jobs and those that hold a slot: running (2),
// transferring output (6), suspended (7). Held, removed and completed ones want
// no worker.
const jobConstraint = "JobStatus == 1 || JobStatus == 2 || JobStatus == 6 || JobStatus == 7"

// Numbers of HTCondor's job universes and states.
const (
	statusIdle      = 1
	universeVanilla = 5
	universeSched   = 7
	universeGrid    = 9
	universeLocal   = 12
)

// What a claimed slot is rounded up to: MODIFY_REQUEST_EXPR_REQUESTMEMORY and
// _REQUESTDISK as they are by default.
const (
	memoryStepMiB = 128
	diskStepKiB   = 1024
)

// jobList gathers jobs into a snapshot's groups.
type jobList struct {
	now     time.Time
	schedd  string
	listed  int
	groups  map[string]*queue.JobGroup
	skipped map[string]*queue.Skipped
	running int
	onNode  map[string]int
	node    func(machine string) string
}

func newJobList(now time.Time) *jobList {
	return &jobList{
		now:     now,
		groups:  map[string]*queue.JobGroup{},
		skipped: map[string]*queue.Skipped{},
		onNode:  map[string]int{},
		node:    nodeName,
	}
}

func (l *jobList) add(a ad) error {
	l.listed++
	id := fmt.Sprintf("%d.%d", a.integer("ClusterId"), a.integer("ProcId"))
	host := a.text("RemoteHost")
	if host != "" {
		l.onNode[l.node(machineOf(host))]++
	}
	if a.integer("JobStatus") != statusIdle {
		if host != "" {
			l.running++
		}
		return nil
	}
	if why := l.doesNotCount(a, host); why != "" {
		l.skip(why, id)
		return nil
	}
	if asks, err := request(a); err != nil {
		l.skip("its request can not be evaluated: "+err.Error(), id)
	} else {
		l.count(asks, a, id)
	}
	return nil
}

func (l *jobList) count(asks queue.Shape, a ad, id string) {
	queued := time.Unix(int64(a.integer("QDate")), 0)
	key := fmt.Sprintf("%s/%d/%d/%d/%d/%d", l.schedd, a.integer("AutoClusterId"), asks.Cpus, asks.MemoryMiB, asks.DiskKiB, asks.GPUs)
	g := l.groups[key]
	if g == nil {
		g = &queue.JobGroup{Key: key, Asks: asks, Takes: rounded(asks), Oldest: queued, First: id}
		l.groups[key] = g
	}
	g.Count++
	if queued.Before(g.Oldest) {
		g.Oldest = queued
	}
}

func (l *jobList) doesNotCount(a ad, host string) string {
	switch universe := a.integer("JobUniverse"); universe {
	case universeVanilla:
	case universeSched, universeLocal:
		return "runs on the access point itself (scheduler or local universe)"
	case universeGrid:
		return "is for another system (grid universe)"
	default:
		return fmt.Sprintf("job universe %d is not supported", universe)
	}
	if host != "" {
		return "idle, but its lease on " + l.node(machineOf(host)) + " has not ended"
	}
	if due := a.integer("DeferralTime"); due > 0 && time.Unix(int64(due), 0).After(l.now) {
		return "deferred to a later time"
	}
	return ""
}

func (l *jobList) skip(why, id string) {
	s := l.skipped[why]
	if s == nil {
		s = &queue.Skipped{Why: why, First: id}
		l.skipped[why] = s
	}
	s.Count++
}

func (l *jobList) fill(s *queue.Snapshot) {
	s.Running, s.OnNode = l.running, l.onNode
	for _, g := range l.groups {
		s.Jobs = append(s.Jobs, *g)
	}
	slices.SortFunc(s.Jobs, func(a, b queue.JobGroup) int { return strings.Compare(a.Key, b.Key) })
	for _, k := range l.skipped {
		s.Skipped = append(s.Skipped, *k)
	}
	slices.SortFunc(s.Skipped, func(a, b queue.Skipped) int { return strings.Compare(a.Why, b.Why) })
}

// request evaluates what a job asks for. Memory is in MiB, disk in KiB; a job
// that does not say how many CPUs gets one.
func request(a ad) (queue.Shape, error) {
	cpus, ok, err := a.number("RequestCpus")
	if err != nil {
		return queue.Shape{}, err
	}
	if !ok {
		cpus = 1
	}
	memory, _, err := a.number("RequestMemory")
	if err != nil {
		return queue.Shape{}, err
	}
	disk, _, err := a.number("RequestDisk")
	if err != nil {
		return queue.Shape{}, err
	}
	gpus, _, err := a.number("RequestGPUs")
	if err != nil {
		return queue.Shape{}, err
	}
	return queue.Shape{Cpus: max(cpus, 1), MemoryMiB: max(memory, 0), DiskKiB: max(disk, 0), GPUs: max(gpus, 0)}, nil
}

func rounded(s queue.Shape) queue.Shape {
	s.MemoryMiB = max(roundUp(s.MemoryMiB, memoryStepMiB), memoryStepMiB)
	s.DiskKiB = max(roundUp(s.DiskKiB, diskStepKiB), diskStepKiB)
	return s
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }

func machineOf(host string) string {
	if _, machine, ok := strings.Cut(host, "@"); ok {
		return machine
	}
	return host
}

// nodeName is the node's name in a machine's: the first label.
func nodeName(machine string) string {
	name, _, _ := strings.Cut(machine, ".")
	return strings.ToLower(name)
}

// merge adds the jobs of another schedd, whose keys are different.
func (l *jobList) merge(o *jobList) {
	l.listed += o.listed
	l.running += o.running
	for key, g := range o.groups {
		l.groups[key] = g
	}
	for why, s := range o.skipped {
		if have := l.skipped[why]; have != nil {
			have.Count += s.Count
			continue
		}
		l.skipped[why] = s
	}
	for node, n := range o.onNode {
		l.onNode[node] += n
	}
}
