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
	"Name", "Machine", "AuthenticatedIdentity", "VmclusterName", "NovaInstanceUUID", "MyAddress", "State", "Activity", "Start", "Draining",
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

// Bounds of what a machine may say of itself. A sum of bounded numbers does not overflow.
const (
	mostSlots   = 10_000
	longestIdle = 10 * 365 * 24 * 3600 // seconds
)

var mostOfAll = queue.Shape{Cpus: 1 << 20, MemoryMiB: 1 << 30, DiskKiB: 1 << 40, GPUs: 1 << 10}

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
	own       []string            // attributes that are kept
	masters   map[string]identity // by the text of the identity
	anyMaster bool                // also one that is no worker's
	workers   map[member]*queue.Worker
	dynamic   map[member]int  // dynamic slots seen
	claimed   map[string]bool // names of slots that have a job, in lower case
	claims    map[queue.Claim]bool
	leftOut   []string // see queue.Snapshot

	otherAddresses bool // see Options
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

// member is a worker in the pool: the name that it goes by, and the node that it has
// proved to be, or "".
type member struct{ name, identity string }

func newWorkerList(own []string) *workerList {
	return &workerList{
		own: own, masters: map[string]identity{}, workers: map[member]*queue.Worker{}, dynamic: map[member]int{},
		claimed: map[string]bool{}, claims: map[queue.Claim]bool{},
	}
}

// add takes the ad of a slot.
func (l *workerList) add(a ad) error {
	m, w := l.worker(a)
	if w == nil {
		return nil
	}
	if state := a.text("State"); state != "Unclaimed" && state != "Drained" && !a.boolean("PartitionableSlot") {
		l.claimed[strings.ToLower(a.text("Name"))] = true
	}
	if a.integer("JobStarts") > 0 {
		w.RanBefore = true
	}
	heard := seconds(a, "LastHeardFrom")
	if heard.After(w.HeardAt) {
		w.HeardAt = heard
	}
	if a.boolean("DynamicSlot") {
		l.dynamic[m]++
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
	w.State = text.Line(a.text("State")+"/"+a.text("Activity"), 60)
	if !l.otherAddresses {
		w.Address = addressOf(a.text("MyAddress"))
	}
	if a.integer("DaemonStartTime") > 0 {
		w.Started = idleSince(a, "DaemonStartTime", heard)
	}
	if !accepts(a) {
		w.Draining = true
	}
	free := queue.Shape{Cpus: a.integer("Cpus"), MemoryMiB: a.integer("Memory"), DiskKiB: a.integer("Disk"), GPUs: a.integer("GPUs")}
	changed := "NumDynamicSlotsTime"
	if a.boolean("PartitionableSlot") {
		w.Running += max(0, min(a.integer("NumDynamicSlots"), mostSlots))
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

// worker returns the worker to which a slot belongs; nil if the ad is no member's, or
// one in another's name.
func (l *workerList) worker(a ad) (member, *queue.Worker) {
	machine := machineOfAd(a)
	if machine == "" {
		return member{}, nil
	}
	id, text := identityOf(a), a.text("AuthenticatedIdentity")
	said := strings.ToLower(a.text("VmclusterName"))
	if id.node != "" && (machine != id.machine || said != "" && said != id.node) {
		l.claim(cmp.Or(said, nodeName(machine)), id.node)
		return member{}, nil
	}
	m := member{name: nodeName(machine)}
	master, proved := l.masters[text]
	if proved = proved && id.node != ""; proved {
		m.identity = id.node
	}
	if proved && a.text("NovaInstanceUUID") != master.server {
		l.claim(m.name, m.identity)
		return member{}, nil
	}
	w := l.workers[m]
	if w == nil {
		w = &queue.Worker{Name: m.name, Identity: m.identity, Server: master.server}
		l.workers[m] = w
	}
	return m, w
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
	if at <= 0 || now < at || heard.IsZero() {
		return heard
	}
	return heard.Add(-time.Duration(min(now-at, longestIdle)) * time.Second)
}

// lastSecond is the end of the year 9999, the last one that a time in JSON can have.
const lastSecond = 253402300799

func seconds(a ad, name string) time.Time {
	n := int64(a.integer(name))
	if n <= 0 || n > lastSecond {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// list returns the workers, and what was said in others' names. A worker that has proved
// to be a node of that name comes before others that go by the name.
func (l *workerList) list() ([]queue.Worker, []queue.Claim) {
	out := make([]queue.Worker, 0, len(l.workers))
	for m, w := range l.workers {
		if w.Slots == 0 {
			continue // only dynamic slots are left: the worker's own ad is gone
		}
		if other := l.workers[member{m.name, m.name}]; m.identity == "" && other != nil && other.Slots > 0 {
			l.claim(m.name, "")
			continue
		}
		w.Running = max(w.Running, l.dynamic[m])
		w.Total = withinBounds(w.Total, mostOfAll)
		w.Free = withinBounds(w.Free, w.Total)
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b queue.Worker) int { return cluster.CompareNames(a.Name, b.Name) })
	return out, l.sortedClaims()
}

// withinBounds returns amounts that are neither negative nor more than there can be.
func withinBounds(s, most queue.Shape) queue.Shape {
	within := func(n, most int) int { return max(0, min(n, most)) }
	return queue.Shape{
		Cpus: within(s.Cpus, most.Cpus), MemoryMiB: within(s.MemoryMiB, most.MemoryMiB),
		DiskKiB: within(s.DiskKiB, most.DiskKiB), GPUs: within(s.GPUs, most.GPUs),
	}
}

// proves reports on which node a job is that the schedd believes to be on a host, and
// whether that counts: where the pool has the machine, its slot must have a job. Users
// can write the name of a host into their jobs' ads.
func (l *workerList) proves(host string) (node string, counts bool) {
	machine := machineOf(host)
	node = nodeName(machine)
	for _, m := range []member{{node, node}, {node, ""}} {
		if w := l.workers[m]; w != nil && w.Slots > 0 {
			return node, l.claimed[strings.ToLower(host)]
		}
	}
	return node, true
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
