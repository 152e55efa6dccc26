package loadleveler

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// machine is a machine of the cluster, of all three listings of llstatus.
type machine struct {
	name      string // full
	available bool   // its startd runs
	state     string // of its startd
	running   int    // steps
	most      int    // tasks at once
	total     queue.Shape
	arch, os  string

	resources  bool        // llstatus -R lists it
	consumable queue.Shape // total amounts
	free       queue.Shape
	others     []resource // further resources, with their totals

	long                     bool // llstatus -l lists it
	features, classes, pools []string
	changed                  time.Time // when its startd came into the state
}

// machineCodes are what the reader asks of each machine.
var machineCodes = []string{"%n", "%sta", "%sts", "%r", "%mt", "%cpu", "%m", "%a", "%o"}

// machineList are the machines of the three listings, by node name.
type machineList struct {
	machines map[string]*machine
	left     leave
	partial  string // in which respect the listings are not of the same machines
}

// workers lists the machines that have a startd, with the number of steps on each by the
// queue's word. The three listings come from the central manager one after the other; a
// machine that one of them lacks makes the whole partial: a listing may break off.
func (r *Reader) workers(ctx context.Context, s *queue.Snapshot, left leave) error {
	l := machineList{machines: map[string]*machine{}, left: left}
	for _, listing := range []struct {
		args []string
		read func(io.Reader) error
	}{
		{append([]string{"-r"}, machineCodes...), l.states}, {[]string{"-R"}, l.resources}, {[]string{"-l"}, l.long},
	} {
		if err := r.run(ctx, "llstatus", listing.args, listing.read); err != nil {
			return err
		}
	}
	if l.compare(); l.partial != "" {
		s.Partial = append(s.Partial, l.partial)
	}
	names := slices.SortedFunc(maps.Keys(l.machines), cluster.CompareNames)
	for _, name := range names {
		if m := l.machines[name]; m.isThere() {
			s.Workers = append(s.Workers, m.worker(name, s.WorkersAt, s.OnNode[name]))
		}
	}
	return nil
}

// states reads llstatus -r.
func (l *machineList) states(in io.Reader) error {
	var o odd
	n := 0
	err := lines(in, func(line []byte, _ bool) {
		f := bytes.Split(line, []byte("!"))
		if len(f) != len(machineCodes) {
			o.note(line)
			return
		}
		if n++; n > mostEntries {
			return
		}
		name := string(f[0])
		switch {
		case !hostName.MatchString(name):
			l.left("?", "its name is none")
		case l.machines[short(name)] != nil:
			l.left(name, "a machine of that name is listed twice")
		default:
			l.machines[short(name)] = &machine{
				name: name, available: string(f[1]) != "0", state: string(f[2]), running: whole(string(f[3])), most: whole(string(f[4])),
				total: queue.Shape{Cpus: whole(string(f[5])), MemoryMiB: mib(string(f[6]))}, arch: string(f[7]), os: string(f[8]),
			}
		}
	})
	if err == nil && n == 0 {
		return o.err("llstatus -r")
	}
	return err
}

// available matches an amount that is available and its total: "ConsumableCpus(3,4)*",
// "ConsumableMemory(500 mb,8.000 gb)". With affinity the CPUs are two sets of IDs:
// "ConsumableCpus< 0-2 >< 0-3 >". Signs behind them are explained below the listing.
var available = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.]*)\s*(?:\(\s*([0-9][^(),]*),\s*([0-9][^(),]*)\)|<([^<>]*)>\s*<([^<>]*)>)`)

// resources reads llstatus -R: a line for each machine, whose name ends with # if it is
// down. A line that begins with a space goes on with the resources of the machine before.
func (l *machineList) resources(in io.Reader) error {
	var o odd
	var last *machine
	names := 0
	err := lines(in, func(line []byte, _ bool) {
		name, list, _ := strings.Cut(string(line[:min(len(line), 64<<10)]), " ")
		if name != "" {
			name, _, _ = strings.Cut(name, "#")
			last = l.machines[short(name)]
		}
		list = strings.TrimLeft(list, "# ")
		if last == nil {
			if l.partial == "" && available.MatchString(list) && hostName.MatchString(name) {
				l.partial = fmt.Sprintf("llstatus -r does not list %s, which llstatus -R lists", text.Line(name, 100))
			}
			o.note(line)
			return
		}
		if name != "" {
			names++
		}
		last.resources = true
		for _, a := range available.FindAllStringSubmatch(list, mostResources) {
			last.has(strings.ToLower(a[1]), a[2], a[3], a[4], a[5])
		}
	})
	if err == nil && names == 0 && l.any() {
		return o.err("llstatus -R")
	}
	return err
}

// has notes a resource: free and total amounts, or free and all IDs.
func (m *machine) has(name, free, total, freeIDs, allIDs string) {
	if allIDs != "" {
		free, total = fmt.Sprint(idsIn(freeIDs)), fmt.Sprint(idsIn(allIDs))
	}
	all, others := amountsOf([]resource{{name, strings.TrimSpace(total)}})
	some, _ := amountsOf([]resource{{name, strings.TrimSpace(free)}})
	m.consumable, m.free, m.others = m.consumable.Add(all), m.free.Add(some), append(m.others, others...)
}

// idsIn counts the IDs in a set: "0-3,8".
func idsIn(set string) int {
	n := 0
	for item := range strings.FieldsFuncSeq(set, func(r rune) bool { return r == ',' || r == ' ' }) {
		from, to, ranged := strings.Cut(item, "-")
		if n++; ranged {
			n = bounded(n + max(0, whole(to)-whole(from)))
		}
	}
	return n
}

// longLabels are the values of llstatus -l that the reader keeps.
const (
	longName     = "Name"
	longFeature  = "Feature"
	longClasses  = "ConfiguredClasses"
	longPool     = "Pool"
	longChanged  = "EnteredCurrentState"
	longestWords = 4 << 10
)

// long reads llstatus -l: records of "label = value", which begin with the name.
func (l *machineList) long(in io.Reader) error {
	var o odd
	var m *machine
	names := 0
	err := lines(in, func(line []byte, whole bool) {
		label, value, is := bytes.Cut(line, []byte("="))
		if !is {
			o.note(line)
			return
		}
		v := string(bytes.TrimSpace(value))
		switch name := string(bytes.TrimSpace(label)); {
		case name == longName:
			names++
			if m = l.machines[short(v)]; m != nil {
				m.long = true
			} else if l.partial == "" {
				l.partial = fmt.Sprintf("llstatus -r does not list %s, which llstatus -l lists", text.Line(v, 100))
			}
		case m == nil || !whole || len(v) > longestWords:
		case name == longFeature:
			m.features = wordsIn(v)
		case name == longClasses:
			m.classes = wordsIn(v)
		case name == longPool:
			m.pools = wordsIn(v)
		case name == longChanged:
			m.changed = moment(v)
		}
	})
	if err == nil && names == 0 && l.any() {
		return o.err("llstatus -l")
	}
	return err
}

// wordsIn returns the words of a list, each once: `small(8) large`, `{ "gpu" "fast" }`.
func wordsIn(list string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(list, func(r rune) bool { return strings.ContainsRune(` ,{}"`, r) }) {
		if w, _, _ = strings.Cut(w, "("); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// any reports whether a machine takes part. A cluster without workers has none.
func (l *machineList) any() bool {
	for _, m := range l.machines {
		if m.isThere() {
			return true
		}
	}
	return false
}

// compare notes a machine with a startd that a listing lacks.
func (l *machineList) compare() {
	for _, name := range slices.SortedFunc(maps.Keys(l.machines), cluster.CompareNames) {
		m := l.machines[name]
		switch {
		case l.partial != "" || !m.isThere():
		case !m.resources:
			l.partial = fmt.Sprintf("llstatus -R does not list %s, which llstatus -r lists", name)
		case !m.long:
			l.partial = fmt.Sprintf("llstatus -l does not list %s, which llstatus -r lists", name)
		}
	}
}

// isThere reports whether a machine takes part: its startd runs, by the central manager's
// word.
func (m *machine) isThere() bool {
	return m.available && !m.is("down") && strings.TrimSpace(m.state) != ""
}

// is reports whether the state of a machine begins with one of the words. Narrow columns
// cut it: Drned, Drnng.
func (m *machine) is(words ...string) bool {
	state := strings.ToLower(strings.TrimSpace(m.state))
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(state, w) })
}

// Bounds of what a machine may be. Sums of such numbers do not overflow.
var mostOfAll = queue.Shape{Cpus: 1 << 20, MemoryMiB: 1 << 30, GPUs: 1 << 10}

// worker returns the worker of a machine. Each task takes an initiator and, where the
// machine has them, consumable CPUs.
func (m *machine) worker(name string, now time.Time, jobs int) queue.Worker {
	total, running := m.total, max(m.running, jobs)
	if m.most > 0 {
		total.Cpus = m.most
	}
	free := total.Take(queue.Shape{Cpus: running}, 1)
	if m.consumable.Cpus > 0 {
		total.Cpus, free.Cpus = m.consumable.Cpus, m.free.Cpus
	}
	if m.consumable.MemoryMiB > 0 {
		total.MemoryMiB, free.MemoryMiB = m.consumable.MemoryMiB, m.free.MemoryMiB
	}
	total.GPUs, free.GPUs = m.consumable.GPUs, m.free.GPUs
	if m.is("busy") {
		running = max(running, 1)
		free.Cpus = 0 // no initiator is left
	}
	total = withinBounds(total, mostOfAll)
	w := queue.Worker{
		Name: name, Slots: 1, Total: total, Free: withinBounds(free, total), Running: running,
		IdleSince: earlier(m.changed, now), HeardAt: now, State: text.Line(m.state, 60),
		Draining: m.is("dr", "flush", "suspend", "none"),
	}
	if m.is("running") {
		w.Running = max(w.Running, 1)
	}
	w.RanBefore = w.Running > 0
	w.Attributes = m.attributes(name)
	return w
}

// withinBounds returns amounts that are neither negative nor more than there can be.
func withinBounds(s, most queue.Shape) queue.Shape {
	within := func(n, most int) int { return max(0, min(n, most)) }
	return queue.Shape{Cpus: within(s.Cpus, most.Cpus), MemoryMiB: within(s.MemoryMiB, most.MemoryMiB), GPUs: within(s.GPUs, most.GPUs)}
}

// attributes returns what a Judge reads of a worker.
func (m *machine) attributes(name string) queue.Attributes {
	out := queue.Attributes{
		nodeAttribute: name, machineAttribute: strings.ToLower(m.name),
		archAttribute: text.Line(m.arch, 100), systemAttribute: text.Line(m.os, 100),
	}
	if m.long {
		out[featuresAttribute], out[classesAttribute], out[poolsAttribute] = list(m.features), list(m.classes), list(m.pools)
	}
	if m.total.MemoryMiB > 0 {
		out[memoryAttribute] = int64(m.total.MemoryMiB)
	}
	if m.resources {
		var others []string
		for _, r := range m.others {
			others = append(others, fmt.Sprintf("%s(%d)", r.name, whole(r.amount)))
		}
		out[resourceAttribute] = list(others)
	}
	return out
}

func list(words []string) string { return text.Clean(strings.Join(words, " ")) }
