package htcondor

import (
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// jobAttributes are the attributes by which the schedd groups its jobs. The schedd
// adds the attributes that these name in expressions.
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

// groupAttribute is the attribute with a worker group: the group that a job asks
// for, and the group of a machine.
const groupAttribute = "VmclusterGroup"

// jobConstraint selects idle jobs (1) and jobs that hold a slot: running (2),
// transferring output (6), suspended (7). Held, removed and completed jobs want no
// worker.
const jobConstraint = "JobStatus == 1 || JobStatus == 2 || JobStatus == 6 || JobStatus == 7"

// Numbers of HTCondor's job universes and states.
const (
	statusIdle      = 1
	universeVanilla = 5
	universeSched   = 7
	universeGrid    = 9
	universeLocal   = 12
)

// HTCondor rounds a claimed slot up to multiples of these: the defaults of
// MODIFY_REQUEST_EXPR_REQUESTMEMORY and _REQUESTDISK.
const (
	memoryStepMiB = 128
	diskStepKiB   = 1024
)

// jobList collects jobs in the groups of a snapshot.
type jobList struct {
	now     time.Time
	schedd  string
	listed  int
	jobs    []queue.JobGroup
	groups  map[digest]int32 // where in jobs, by the groups' keys
	demands *demands
	skipped map[string]*queue.Skipped
	running int
	sum     summer
	hosts   map[string]int // jobs by the host that runs them, "slot1_1@machine"
}

// newJobList returns an empty list with room for a number of groups.
func newJobList(now time.Time, groups int) *jobList {
	return &jobList{
		now:     now,
		jobs:    make([]queue.JobGroup, 0, groups),
		groups:  make(map[digest]int32, groups),
		demands: newDemands(),
		skipped: map[string]*queue.Skipped{},
		hosts:   map[string]int{},
	}
}

// add counts an ad, which stands for one job or for several equal ones.
func (l *jobList) add(t *adTemplate, d *delta) error {
	n, err := d.jobs()
	if err != nil {
		return err
	}
	l.listed += n
	k, known := t.cached.(*kind)
	if !known {
		k = l.kind(t)
		t.cached = k
	}
	switch {
	case !k.idle && slotHost.Match(d.host):
		l.running += n
		l.hosts[string(d.host)] += n
	case !k.idle:
	case k.why != "":
		skip(l.skipped, k.why, n, d.first)
	default:
		l.count(k, t, d, n)
	}
	return nil
}

// kind is what all ads of a template have in common.
type kind struct {
	idle          bool
	why           string // the jobs do not count
	asks          quantities
	group, limits string
	requirements  *requirementReader
}

func (l *jobList) kind(t *adTemplate) *kind {
	k := &kind{idle: t.ad.integer("JobStatus") == statusIdle}
	if k.idle {
		k.why = l.doesNotCount(t.ad)
	}
	if k.idle && k.why == "" {
		k.asks, k.requirements = newQuantities(t), newRequirementReader(t, l.demands)
		k.group, k.limits = t.ad.text(groupAttribute), t.ad.text("ConcurrencyLimits")
		if k.group != "" && !groupName.MatchString(k.group) {
			k.why = groupAttribute + " in its ad is not the name of a worker group"
		}
	}
	return k
}

// count adds jobs to the group of those that ask for the same.
func (l *jobList) count(k *kind, t *adTemplate, d *delta, n int) {
	asks, err := k.asks.of(t, d)
	if err != nil {
		l.skip("its request can not be evaluated: "+err.Error(), "its request can not be evaluated", n, d)
		return
	}
	demanded := k.requirements.of(d)
	key := l.digest(asks, demanded.digest, k.group, k.limits)
	i, known := l.groups[key]
	if !known && len(l.jobs) >= mostGroups {
		skip(l.skipped, fmt.Sprintf("there are more than %d kinds of jobs", mostGroups), n, d.first)
		return
	}
	if !known {
		i = int32(len(l.jobs)) //nolint:gosec // no queue has 2³¹ kinds of jobs
		l.groups[key] = i
		l.jobs = append(l.jobs, queue.JobGroup{
			Key: l.schedd + "/" + hex.EncodeToString(key[:]), Asks: asks, Takes: rounded(asks), Group: k.group, Requires: demanded.requirement,
		})
	}
	g := &l.jobs[i]
	queued := d.since(l.now)
	if g.Count == 0 || !queued.IsZero() && (g.Oldest.IsZero() || queued.Before(g.Oldest)) {
		g.Oldest, g.First = queued, d.first()
	}
	g.Count += n
}

// digest returns the digest of what the jobs of a group have in common.
func (l *jobList) digest(asks queue.Shape, demanded digest, group, limits string) digest {
	sum := &l.sum
	sum.reset()
	for _, n := range []int{asks.Cpus, asks.MemoryMiB, asks.DiskKiB, asks.GPUs} {
		sum.number(n)
	}
	sum.digest(demanded)
	sum.text(group)
	sum.text(limits)
	return sum.sum()
}

// doesNotCount returns why idle jobs need no worker; "" if they need one.
func (l *jobList) doesNotCount(a ad) string {
	switch universe := a.integer("JobUniverse"); universe {
	case universeVanilla:
	case universeSched, universeLocal:
		return "runs on the access point itself (scheduler or local universe)"
	case universeGrid:
		return "is for another system (grid universe)"
	default:
		if universe > 99 || universe < 0 { // HTCondor has some 13
			return "its job universe is not supported"
		}
		return fmt.Sprintf("job universe %d is not supported", universe)
	}
	if due := a.integer("DeferralTime"); due > 0 && time.Unix(int64(due), 0).After(l.now) {
		return "deferred to a later time"
	}
	return ""
}

// Bounds of what a snapshot holds: any user of the pool may queue any number of jobs.
const (
	mostGroups  = 200_000
	mostReasons = 50  // of jobs that do not count
	longestWhy  = 200 // characters of such a reason
)

// leave notes an ad that is left out.
func (l *jobList) leave(label, why string) {
	d := &delta{jobIDs: []byte(label)}
	l.skip("an ad can not be read: "+why, "an ad can not be read", 1, d)
}

// skip notes jobs that do not count. Where there are very many reasons, the general one
// stands for the others.
func (l *jobList) skip(why, general string, n int, d *delta) {
	why = text.Line(why, longestWhy)
	if l.skipped[why] == nil && len(l.skipped) >= mostReasons {
		why = general
	}
	skip(l.skipped, why, n, d.first)
}

func skip(in map[string]*queue.Skipped, why string, n int, first func() string) {
	s := in[why]
	if s == nil {
		s = &queue.Skipped{Why: why, First: first()}
		in[why] = s
	}
	s.Count += n
}

// names returns the machine attributes that the jobs' requirements name, at most
// maxNamed: those that most clauses name.
func (l *jobList) names() []string {
	names := slices.Sorted(maps.Keys(l.demands.named))
	slices.SortStableFunc(names, func(a, b string) int { return l.demands.named[b] - l.demands.named[a] })
	names = names[:min(len(names), maxNamed)]
	slices.Sort(names)
	return names
}

// fill writes the jobs into a snapshot. Proves returns the node that a host is on, and
// whether a job is there as far as the pool knows.
func (l *jobList) fill(s *queue.Snapshot, proves func(host string) (node string, counts bool)) {
	s.Running, s.OnNode = l.running, map[string]int{}
	for host, n := range l.hosts {
		if node, counts := proves(host); counts {
			if strings.Contains(host, "@") {
				n = 1 // a slot has one job
			}
			s.OnNode[node] += n
		}
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

// groupName matches what can be the name of a worker group, in any case.
var groupName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// slotHost matches the name of a slot, or of a machine. Of an idle job it means nothing:
// its user may have written it.
var slotHost = regexp.MustCompile(`^([A-Za-z0-9_]{1,64}@)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$`)

func machineOf(host string) string {
	if _, machine, ok := strings.Cut(host, "@"); ok {
		return machine
	}
	return host
}

// nodeName returns the node's name in a machine's name: the first label.
func nodeName(machine string) string {
	name, _, _ := strings.Cut(machine, ".")
	return strings.ToLower(name)
}

// merge adds the jobs of another schedd. Keys begin with the name of the schedd.
func (l *jobList) merge(o *jobList) {
	l.listed += o.listed
	l.running += o.running
	if len(l.jobs) == 0 {
		l.jobs = o.jobs
	} else {
		l.jobs = append(l.jobs, o.jobs...)
	}
	for name, n := range o.demands.named {
		l.demands.named[name] += n
	}
	for why, s := range o.skipped {
		skip(l.skipped, why, s.Count, func() string { return s.First })
	}
	for host, n := range o.hosts {
		l.hosts[host] += n
	}
}
