package htcondor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

var slotAttributes = []string{
	"Name", "Machine", "VmclusterName", "NovaInstanceUUID", "State", "Activity", "Start", "Draining",
	"PartitionableSlot", "DynamicSlot", "NumDynamicSlots", "NumDynamicSlotsTime", "JobStarts",
	"Cpus", "Memory", "Disk", "GPUs",
	"TotalSlotCpus", "TotalSlotMemory", "TotalSlotDisk", "TotalSlotGPUs",
	"DaemonStartTime", "EnteredCurrentActivity", "MyCurrentTime", "LastHeardFrom",
}

// usualAttributes are machine attributes that jobs' requirements often name. The
// reader always fetches them, so that they are known of a group when such a job
// comes and no worker is left.
var usualAttributes = []string{
	"Arch", "Microarch", "OpSys", "OpSysAndVer", "OpSysMajorVer", "OpSysName", groupAttribute,
	"HasFileTransfer", "HasContainer", "HasSIF", "HasSingularity", "HasDocker", "HasMPI", "HasJobDeferral",
	"GPUs_Capability", "GPUs_DeviceName", "GPUs_GlobalMemoryMb", "GPUs_DriverVersion",
}

// maxNamed bounds the further attributes that are fetched because jobs name them.
const maxNamed = 300

// attributesOfSlots returns the attributes to fetch of each slot, and those of them
// that become attributes of the worker. Named are the ones that waiting jobs name.
func attributesOfSlots(named []string) (fetch, own []string) {
	own = append([]string{"Machine", "VmclusterName"}, usualAttributes...)
	has := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, name) })
	}
	for _, name := range named[:min(len(named), maxNamed)] {
		if !has(own, name) && !has(amounts, name) {
			own = append(own, name)
		}
	}
	fetch = slices.Clone(slotAttributes)
	for _, name := range own {
		if !has(fetch, name) {
			fetch = append(fetch, name)
		}
	}
	return fetch, own
}

// workerList collects the ads of slots in workers.
type workerList struct {
	own     []string // attributes that are kept
	workers map[string]*queue.Worker
	nodes   map[string]string // machine → node, where an ad says so
	dynamic map[string]int    // dynamic slots seen, by node
	leftOut []string          // see queue.Snapshot
}

// mostLeftOut bounds how many ads that are left out are named.
const mostLeftOut = 10

// leave notes an ad that is left out.
func (l *workerList) leave(label, why string) {
	switch {
	case len(l.leftOut) == mostLeftOut:
		l.leftOut = append(l.leftOut, "further ads of slots")
	case len(l.leftOut) < mostLeftOut:
		l.leftOut = append(l.leftOut, text.Line(fmt.Sprintf("the ad of slot %s: %s", cmp.Or(label, "?"), why), longestWhy))
	}
}

func newWorkerList(own []string) *workerList {
	return &workerList{own: own, workers: map[string]*queue.Worker{}, nodes: map[string]string{}, dynamic: map[string]int{}}
}

// node returns the name of the node that a machine is.
func (l *workerList) node(machine string) string {
	if n, ok := l.nodes[strings.ToLower(machine)]; ok {
		return n
	}
	return nodeName(machine)
}

func (l *workerList) add(a ad) error {
	w := l.worker(a)
	if a.integer("JobStarts") > 0 {
		w.RanBefore = true
	}
	heard := seconds(a, "LastHeardFrom")
	if heard.After(w.HeardAt) {
		w.HeardAt = heard
	}
	if a.boolean("DynamicSlot") {
		l.dynamic[w.Name]++
		w.RanBefore = true
		return nil
	}
	if w.Slots++; w.Slots == 1 {
		w.Attributes = l.attributes(a)
	}
	w.Total = w.Total.Add(queue.Shape{
		Cpus: a.integer("TotalSlotCpus"), MemoryMiB: a.integer("TotalSlotMemory"),
		DiskKiB: a.integer("TotalSlotDisk"), GPUs: max(a.integer("TotalSlotGPUs"), a.integer("GPUs")),
	})
	w.State = a.text("State") + "/" + a.text("Activity")
	w.Server = a.text("NovaInstanceUUID")
	if a.integer("DaemonStartTime") > 0 {
		w.Started = idleSince(a, "DaemonStartTime", heard)
	}
	if !accepts(a) {
		w.Draining = true
	}
	free := queue.Shape{Cpus: a.integer("Cpus"), MemoryMiB: a.integer("Memory"), DiskKiB: a.integer("Disk"), GPUs: a.integer("GPUs")}
	changed := "NumDynamicSlotsTime"
	if a.boolean("PartitionableSlot") {
		w.Running += a.integer("NumDynamicSlots")
	} else {
		changed = "EnteredCurrentActivity"
		if state := a.text("State"); state != "Unclaimed" && state != "Drained" {
			w.Running++
			w.RanBefore = w.RanBefore || state == "Claimed"
			free = queue.Shape{}
		}
	}
	w.Free = w.Free.Add(free)
	if since := idleSince(a, changed, heard); since.After(w.IdleSince) {
		w.IdleSince = since
	}
	return nil
}

// attributes returns the attributes of the worker from the ad of a slot. One that is
// not in the ad is known not to be there; the value of an expression, a list or an
// ad is not known.
func (l *workerList) attributes(a ad) queue.Attributes {
	out := make(queue.Attributes, len(l.own))
	for _, name := range l.own {
		name = strings.ToLower(name)
		switch v := a[name].(type) {
		case nil, string, int64, float64, bool:
			out[name] = v
		}
	}
	return out
}

// worker returns the worker to which a slot belongs.
func (l *workerList) worker(a ad) *queue.Worker {
	machine := a.text("Machine")
	if machine == "" {
		machine = machineOf(a.text("Name"))
	}
	name := nodeName(machine)
	if own := a.text("VmclusterName"); own != "" {
		name = strings.ToLower(own)
		l.nodes[strings.ToLower(machine)] = name
	}
	w := l.workers[name]
	if w == nil {
		w = &queue.Worker{Name: name}
		l.workers[name] = w
	}
	return w
}

// accepts reports whether a slot takes jobs. A slot that is being switched off
// peacefully has no Draining; its Start is undefined.
func accepts(a ad) bool {
	if a.boolean("Draining") || a.text("State") == "Drained" {
		return false
	}
	start, known := a["start"]
	return known && start != false
}

// idleSince returns the time of a slot's last change by the pool's clock. Only the
// time since then is taken from the worker's clock.
func idleSince(a ad, changed string, heard time.Time) time.Time {
	at, now := a.integer(changed), a.integer("MyCurrentTime")
	if at == 0 {
		at = a.integer("DaemonStartTime")
	}
	if at == 0 || now < at {
		return heard
	}
	return heard.Add(-time.Duration(now-at) * time.Second)
}

func seconds(a ad, name string) time.Time {
	n := a.integer(name)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

func (l *workerList) list() []queue.Worker {
	out := make([]queue.Worker, 0, len(l.workers))
	for name, w := range l.workers {
		if w.Slots == 0 {
			continue // only dynamic slots are left: the worker's own ad is gone
		}
		w.Running = max(w.Running, l.dynamic[name])
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b queue.Worker) int { return cluster.CompareNames(a.Name, b.Name) })
	return out
}

// poolSince returns the start of the collector. HTCondor 23.9 does not write
// DaemonStartTime into the collector's own ad, but since when it has counted.
func poolSince(a ad) time.Time {
	if start := seconds(a, "DaemonStartTime"); !start.IsZero() {
		return start
	}
	for _, pair := range [][2]string{{"StatsLastUpdateTime", "StatsLifetime"}, {"MonitorSelfTime", "MonitorSelfAge"}} {
		if at := a.integer(pair[0]); at > 0 {
			return time.Unix(int64(at-a.integer(pair[1])), 0).UTC()
		}
	}
	return time.Time{}
}
