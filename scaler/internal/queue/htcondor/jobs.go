package htcondor

import (
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
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
	jobs      []queue.JobGroup
	groups    map[uint64]int32 // where in jobs, by the groups' keys
	requires  map[uint64]*requirement
	named     map[string]bool // machine attributes in what the jobs require
	skipped   map[string]*queue.Skipped
	leased    map[string]*queue.Skipped // by machine
	running   int
	onMachine map[string]int
}

// groupKey is what the jobs of a group have in common.
type groupKey struct {
	asks          queue.Shape
	demands       uint64
	group, limits string
}

var seed = maphash.MakeSeed()

// sum stands for the whole: that two of 50,000 have the same is less likely than
// that a bit of memory flips.
func (k groupKey) sum() uint64 { return maphash.Comparable(seed, k) }

func newJobList(now time.Time) *jobList {
	return &jobList{
		now:       now,
		groups:    map[uint64]int32{},
		requires:  map[uint64]*requirement{},
		named:     map[string]bool{},
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
	machine := ""
	if o.host != nil {
		machine = machineOf(string(o.host))
	}
	if machine != "" {
		l.onMachine[machine] += n
	}
	k, known := a.note.(*kind)
	if !known {
		k = l.kind(a)
		a.note = k
	}
	switch {
	case !k.idle && machine != "":
		l.running += n
	case !k.idle:
	case k.why != "":
		skip(l.skipped, k.why, n, o.first)
	case machine != "":
		skip(l.leased, machine, n, o.first)
	default:
		l.count(k, a, o, n)
	}
	return nil
}

// kind is what is found out of ads that are alike but once.
type kind struct {
	idle          bool
	why           string // it does not count
	asks          quantities
	group, limits string
	demands       *demands
}

func (l *jobList) kind(a *repeated) *kind {
	k := &kind{idle: a.ad.integer("JobStatus") == statusIdle}
	if k.idle {
		k.why = l.doesNotCount(a.ad)
	}
	if k.idle && k.why == "" {
		k.asks, k.demands = newQuantities(a), newDemands(a, l.named)
		k.group, k.limits = a.ad.text(groupAttribute), a.ad.text("ConcurrencyLimits")
	}
	return k
}

// count adds jobs to those that ask for the same.
func (l *jobList) count(k *kind, a *repeated, o *own, n int) {
	asks, err := k.asks.of(a, o)
	if err != nil {
		skip(l.skipped, "its request can not be evaluated: "+err.Error(), n, o.first)
		return
	}
	r := k.demands.of(o)
	key := groupKey{asks: asks, demands: r.key(), group: k.group, limits: k.limits}.sum()
	i, known := l.groups[key]
	if !known {
		i = int32(len(l.jobs)) //nolint:gosec // no queue has 2³¹ kinds of jobs
		l.groups[key] = i
		g := queue.JobGroup{Key: l.schedd + "/" + strconv.FormatUint(key, 16), Asks: asks, Takes: rounded(asks), Group: k.group}
		if r != nil {
			g.Requires = l.shared(r)
		}
		l.jobs = append(l.jobs, g)
	}
	g := &l.jobs[i]
	if queued := o.since(); g.Count == 0 || queued.Before(g.Oldest) {
		g.Oldest, g.First = queued, o.first()
	}
	g.Count += n
}

// shared returns the one requirement of all that demand the same.
func (l *jobList) shared(r *requirement) *requirement {
	if one, known := l.requires[r.sum]; known {
		return one
	}
	l.requires[r.sum] = r
	return r
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
func (l *jobList) names() []string { return slices.Sorted(maps.Keys(l.named)) }

// fill writes the jobs into a snapshot. Node tells which node a machine is.
func (l *jobList) fill(s *queue.Snapshot, node func(machine string) string) {
	s.Running, s.OnNode = l.running, map[string]int{}
	for machine, n := range l.onMachine {
		s.OnNode[node(machine)] += n
	}
	for machine, k := range l.leased {
		skip(l.skipped, "idle, but its lease on "+node(machine)+" has not ended", k.Count, func() string { return k.First })
	}
	s.Jobs = l.jobs
	for _, k := range l.skipped {
		s.Skipped = append(s.Skipped, *k)
	}
	slices.SortFunc(s.Skipped, func(a, b queue.Skipped) int { return strings.Compare(a.Why, b.Why) })
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
	if l.jobs == nil {
		l.jobs = o.jobs
	} else {
		l.jobs = append(l.jobs, o.jobs...)
	}
	maps.Copy(l.named, o.named)
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
