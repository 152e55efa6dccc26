package loadleveler

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// Labels of llq -l that the reader keeps of a step. The versions of LoadLeveler have
// different ones; what is not there is empty.
const (
	labelID = iota
	labelStatus
	labelQueued
	labelEligible
	labelHeldUntil
	labelReservation
	labelRequestedReservation
	labelGeometry
	labelResources
	labelNodeResources
	labelRequirements
	labelType
	labelProcessors
	labelHost
	labelUsage
	labelClass
	labelMessages
	labelCount
)

var labels = map[string]int{
	"Job Step Id": labelID, "Status": labelStatus, "Queue Date": labelQueued, "Eligibility Time": labelEligible, "Hold Job Until": labelHeldUntil,
	"Reservation ID": labelReservation, "Requested Res. ID": labelRequestedReservation, "Task_geometry": labelGeometry,
	"Resources": labelResources, "Node Resources": labelNodeResources, "Requirements": labelRequirements,
	"Step Type": labelType, "Min Processors": labelProcessors, "Allocated Host": labelHost, "Node Usage": labelUsage, "Class": labelClass,
	"Negotiator Messages": labelMessages,
}

// step is what llq -l prints of a step.
type step struct {
	id     stepID
	values [labelCount]string
	nodes  []nodeBlock // of a parallel step
	bytes  int         // of the values and hosts
	long   bool        // they are too long
}

// nodeBlock is a block "Node" of a parallel step: machines with the same requirements.
type nodeBlock struct {
	least        int    // number of machines, at least; 0: the tasks are given out by blocking
	blocking     string // number of tasks that stay together, or UNLIMITED
	totalTasks   int    // with blocking
	tasks        int    // that the step has on these machines; 0 while it waits
	requirements string
	hosts        []string
}

// Bounds of what is kept of records until a call ends.
const (
	mostNodeBlocks = 10_000
	longestID      = 300
	longestStep    = 64 << 10 // bytes of the values and hosts of one step
	longestCall    = 8 << 20  // bytes of those of all steps
)

// isWhole reports whether a record has what each step has.
func (s *step) isWhole() bool {
	return !s.long && s.values[labelStatus] != "" && s.values[labelClass] != "" && s.values[labelType] != "" && (!s.isParallel() || len(s.nodes) > 0)
}

func (s *step) isParallel() bool { return strings.Contains(s.values[labelType], "Parallel") }

// hosts returns the node names of a step's machines, each once.
func (s *step) hosts() []string {
	var out []string
	seen := map[string]bool{}
	add := func(host string) {
		if name := short(host); hostName.MatchString(name) && !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	if host := s.values[labelHost]; host != "" {
		add(host)
	}
	for _, n := range s.nodes {
		for _, h := range n.hosts {
			add(h)
		}
	}
	return out
}

// longReader reads what llq -l prints.
type longReader struct {
	each   func(*step)
	ending ending
	odd    odd
	listed int   // records
	bytes  int   // of the values and hosts of all records
	step   *step // of the record that is read
	nodes  bool  // the part of the record with the node blocks is read
	last   int   // the label whose value may go on in the next line
}

// steps reads the records of an output of llq -l. Each gets them as they come: text of
// users may look like a record. It returns how many fewer there are than the last line
// counts; with such text there are more.
func steps(in io.Reader, each func(*step)) (lost int, err error) {
	r := longReader{each: each}
	if err := lines(in, r.line); err != nil {
		return 0, err
	}
	r.done()
	switch {
	case r.ending.told:
		return max(0, r.ending.totals.all-r.listed), nil
	case r.ending.empty && r.listed == 0:
		return 0, nil
	case r.listed > 0:
		return 0, errors.New("its last line, which counts the steps, is missing")
	}
	return 0, r.odd.err("llq -l")
}

func (r *longReader) line(line []byte, whole bool) {
	switch {
	case r.ending.takes(line):
	case bytes.HasPrefix(line, []byte("=====")):
		r.heading(line)
	case r.step == nil:
		r.odd.note(line)
	case bytes.HasPrefix(line, []byte("--------------------")):
		r.nodes, r.last = true, -1
	case r.nodes:
		r.node(line)
	default:
		r.flat(line, whole)
	}
}

// heading begins a record: "===== Job Step front.12.0 =====".
func (r *longReader) heading(line []byte) {
	f := bytes.Fields(line)
	if len(f) != 5 || string(f[1]) != "Job" || string(f[2]) != "Step" || len(bytes.Trim(f[4], "=")) > 0 {
		r.odd.note(line) // of several clusters, the name of one
		return
	}
	r.done()
	r.step, r.nodes, r.last = &step{}, false, -1
	r.step.id, _ = idOf(string(f[3]))
}

// done hands on the record that was read.
func (r *longReader) done() {
	if r.step == nil {
		return
	}
	r.listed++
	if id, _ := idOf(r.step.values[labelID]); id.key == r.step.id.key && id.key != "" {
		r.each(r.step)
	}
	r.step = nil
}

// flat reads a line of the first part: a label, a colon and a value. Messages of the
// negotiator may go on in lines without a label.
func (r *longReader) flat(line []byte, whole bool) {
	name, value, is := bytes.Cut(line, []byte(":"))
	if is {
		if at, wanted := labels[string(bytes.TrimSpace(name))]; wanted {
			value = bytes.TrimSpace(value)
			switch {
			case at == labelMessages:
				r.step.values[at] = r.keep(value[:min(len(value), longestMessages)])
			case at != labelID:
				r.step.values[at] = r.keep(value)
			case r.step.values[labelID] == "":
				r.step.values[labelID] = string(value[:min(len(value), longestID)])
			}
			r.step.long = r.step.long || !whole
			r.last = at
			return
		}
	}
	more := bytes.TrimSpace(line)
	if r.last == labelMessages && len(more) > 0 && !is && len(r.step.values[labelMessages]) < longestMessages {
		r.step.values[labelMessages] += " " + r.keep(more[:min(len(more), longestMessages)])
		return
	}
	r.last = -1
}

// keep returns a text of the step that is read; "" if the texts are too long together.
func (r *longReader) keep(text []byte) string {
	r.step.bytes, r.bytes = r.step.bytes+len(text), r.bytes+len(text)
	if r.step.bytes > longestStep || r.bytes > longestCall && len(text) > 0 {
		r.step.long = true
		return ""
	}
	return string(text)
}

// longestMessages bounds the messages of the negotiator on a step, in bytes.
const longestMessages = 4 << 10

// node reads a line of the second part. The value of "Allocated Hosts" goes on in lines
// that begin with a plus sign.
func (r *longReader) node(line []byte) {
	line = bytes.TrimSpace(line)
	s := r.step
	if string(line) == "Node" && len(s.nodes) < mostNodeBlocks {
		s.nodes = append(s.nodes, nodeBlock{})
		return
	}
	if len(s.nodes) == 0 {
		return
	}
	n := &s.nodes[len(s.nodes)-1]
	if rest, more := bytes.CutPrefix(line, []byte("+")); more {
		r.addHost(n, rest)
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch string(bytes.TrimSpace(name)) {
	case "Requirements":
		n.requirements = r.keep(value)
	case "Node minimum":
		n.least = whole(string(value))
	case "Blocking":
		n.blocking = r.keep(value)
	case "Total Tasks":
		n.totalTasks = whole(string(value))
	case "Num Task Inst":
		n.tasks = max(n.tasks, whole(string(value))) // the master task is one of them
	case "Allocated Hosts":
		r.addHost(n, value)
	}
}

// addHost adds the host of "front01::"; further fields name adapters.
func (r *longReader) addHost(n *nodeBlock, text []byte) {
	host, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte(":"))
	if name := r.keep(host); name != "" {
		n.hosts = append(n.hosts, name)
	}
}
