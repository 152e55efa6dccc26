package htcondor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// jobAttributes are the attributes by which the schedd groups its jobs. It adds
// what those name that are expressions.
var jobAttributes = []string{
	"JobStatus", "JobUniverse", "QDate", "RemoteHost", groupAttribute,
	"RequestCpus", "RequestMemory", "RequestDisk", "RequestGPUs",
	"ImageSize", "MemoryUsage", "ResidentSetSize", "DiskUsage", "NumJobStarts", "DeferralTime",
	"ConcurrencyLimits", "Requirements",
}

var fetched = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range jobAttributes {
		names[strings.ToLower(name)] = true
	}
	return names
}()

// groupAttribute is the job attribute that asks for a worker group, and the
// machine attribute that tells a worker's.
const groupAttribute = "VmclusterGroup"

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
	now       time.Time
	schedd    string
	listed    int
	groups    map[string]*queue.JobGroup
	requires  map[string]*requirement
	skipped   map[string]*queue.Skipped
	leased    map[string]*queue.Skipped // by machine
	running   int
	onMachine map[string]int
}

func newJobList(now time.Time) *jobList {
	return &jobList{
		now:       now,
		groups:    map[string]*queue.JobGroup{},
		requires:  map[string]*requirement{},
		skipped:   map[string]*queue.Skipped{},
		leased:    map[string]*queue.Skipped{},
		onMachine: map[string]int{},
	}
}

// add takes an ad that stands for a number of equal jobs.
func (l *jobList) add(a *repeated, o *own) error {
	n, err := o.jobs()
	if err != nil {
		return err
	}
	l.listed += n
	machine := machineOf(string(o.host))
	if machine != "" {
		l.onMachine[machine] += n
	}
	if a.integer("JobStatus") != statusIdle {
		if machine != "" {
			l.running += n
		}
		return nil
	}
	j, known := a.note.(judged)
	if !known {
		j = l.judge(a.ad)
		a.note = j
	}
	switch {
	case j.why != "":
		skip(l.skipped, j.why, n, o.first)
	case machine != "":
		skip(l.leased, machine, n, o.first)
	case j.cannot != "":
		skip(l.skipped, j.cannot, n, o.first)
	default:
		count(j.group, n, o)
	}
	return nil
}

// judged is what is found out of an ad but once.
type judged struct {
	why    string          // it does not count
	cannot string          // its request is of no use
	group  *queue.JobGroup // of jobs that ask for the same; not yet counted
}

func (l *jobList) judge(a ad) judged {
	j := judged{why: l.doesNotCount(a)}
	if j.why != "" {
		return j
	}
	asks, err := request(a)
	if err != nil {
		j.cannot = "its request can not be evaluated: " + err.Error()
		return j
	}
	requires, demands := newRequirement(a)
	group := a.text(groupAttribute)
	key := fmt.Sprintf("%s/%d/%d/%d/%d/%s/%s/%s", l.schedd, asks.Cpus, asks.MemoryMiB, asks.DiskKiB, asks.GPUs, group, demands, a.text("ConcurrencyLimits"))
	if j.group = l.groups[key]; j.group != nil {
		return j
	}
	j.group = &queue.JobGroup{Key: key, Asks: asks, Takes: rounded(asks), Group: group}
	if requires != nil {
		if l.requires[demands] == nil {
			l.requires[demands] = requires
		}
		j.group.Requires = l.requires[demands]
	}
	l.groups[key] = j.group
	return j
}

func count(g *queue.JobGroup, n int, o *own) {
	if queued := o.since(); g.Count == 0 || queued.Before(g.Oldest) {
		g.Oldest, g.First = queued, o.first()
	}
	g.Count += n
}

// doesNotCount says why idle jobs need no worker; "" says that they do.
func (l *jobList) doesNotCount(a ad) string {
	switch universe := a.integer("JobUniverse"); universe {
	case universeVanilla:
	case universeSched, universeLocal:
		return "runs on the access point itself (scheduler or local universe)"
	case universeGrid:
		return "is for another system (grid universe)"
	default:
		return fmt.Sprintf("job universe %d is not supported", universe)
	}
	if due := a.integer("DeferralTime"); due > 0 && time.Unix(int64(due), 0).After(l.now) {
		return "deferred to a later time"
	}
	return ""
}

func skip(in map[string]*queue.Skipped, why string, n int, first func() string) {
	s := in[why]
	if s == nil {
		s = &queue.Skipped{Why: why, First: first()}
		in[why] = s
	}
	s.Count += n
}

// names returns the machine attributes that the jobs' requirements name.
func (l *jobList) names() []string {
	all := map[string]bool{}
	for _, r := range l.requires {
		for _, c := range r.clauses {
			for _, name := range c.names {
				all[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// fill writes the jobs into a snapshot. Node tells which node a machine is.
func (l *jobList) fill(s *queue.Snapshot, node func(machine string) string) {
	s.Running, s.OnNode = l.running, map[string]int{}
	for machine, n := range l.onMachine {
		s.OnNode[node(machine)] += n
	}
	for machine, k := range l.leased {
		skip(l.skipped, "idle, but its lease on "+node(machine)+" has not ended", k.Count, func() string { return k.First })
	}
	for _, g := range l.groups {
		if g.Count > 0 { // else all its jobs have leases
			s.Jobs = append(s.Jobs, *g)
		}
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
	maps.Copy(l.groups, o.groups)
	for key, r := range o.requires {
		l.requires[o.schedd+key] = r
	}
	for why, s := range o.skipped {
		skip(l.skipped, why, s.Count, func() string { return s.First })
	}
	for machine, s := range o.leased {
		skip(l.leased, machine, s.Count, func() string { return s.First })
	}
	for machine, n := range o.onMachine {
		l.onMachine[machine] += n
	}
}
