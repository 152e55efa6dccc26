package loadleveler

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// fakeStep is a step of a fake cluster.
type fakeStep struct {
	id, state, class string
	hosts            []string
	record           string // what llq -l prints of it
}

// flatLabels are the labels of the first part of a record, in the order of llq -l, as far as
// the tests need them.
var flatLabels = []string{
	"Job Step Id", "Job Name", "Owner", "Queue Date", "Status", "Reservation ID", "Eligibility Time", "Hold Job Until", "Env", "Out", "Dependency",
	"Task_geometry", "Resources", "Node Resources", "Requirements", "Step Type", "Min Processors", "Allocated Host", "Node Usage", "Class", "Comment",
	"Negotiator Messages", "Bulk Transfer", "Monitor Program",
}

// waiting returns a serial step that waits, with other values of some labels.
func waiting(id string, other map[string]string) fakeStep {
	v := map[string]string{
		"Job Step Id": id, "Job Name": "job", "Owner": "ada", "Queue Date": "Fri Nov 22 11:58:00 2024", "Status": "Idle", "Step Type": "Serial",
		"Node Usage": "shared", "Class": "serial", "Bulk Transfer": "No",
	}
	maps.Copy(v, other)
	return fakeStep{id: id, state: abbreviations[v["Status"]], class: v["Class"], record: recordOf(id, v)}
}

func recordOf(id string, v map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "===== Job Step %s =====\n", id)
	for _, label := range flatLabels {
		if label == "Task_geometry" && v[label] == "" {
			continue
		}
		fmt.Fprintf(&b, "%19s: %s\n", label, v[label])
	}
	return b.String()
}

// parallel returns a parallel step that waits; each block is what llq -l prints of one.
func parallel(id string, other map[string]string, blocks ...string) fakeStep {
	v := map[string]string{"Step Type": "General Parallel", "Class": "parallel"}
	maps.Copy(v, other)
	s := waiting(id, v)
	s.record += strings.Repeat("-", 80) + "\n"
	for _, block := range blocks {
		s.record += "Node\n----\n\n" + block + "\n"
	}
	s.record += strings.Repeat("-", 80) + "\n"
	return s
}

// block returns a block of nodes.
func block(least int, hosts ...string) string {
	text := fmt.Sprintf("   Name            : \n   Requirements    : \n   Node minimum    : %d\n   Allocated Hosts :", least)
	for i, h := range hosts {
		if i > 0 {
			text += "\n                   +"
		}
		text += " " + h + "::"
	}
	return text + "\n\n   Task\n   ----\n\n      Num Task Inst: 0\n"
}

// running returns a parallel step that runs.
func running(id string, hosts ...string) fakeStep {
	s := parallel(id, map[string]string{"Status": "Running"}, block(len(hosts), hosts...))
	s.hosts = hosts
	return s
}

// fake answers as the tools of a cluster with some steps do: llq -l prints those that it is
// asked for. Its machines are those of folder 5.
type fake struct {
	steps    []fakeStep
	machines command.Runner
	calls    atomic.Int64 // of llq -l
	fewer    int          // rows that llq -r lacks
	gone     []string     // steps that have ended before llq -l is asked for them
}

// Run implements command.Runner.
func (f *fake) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	if path.Base(c.Name) != "llq" {
		return f.machines.Run(ctx, c, consume)
	}
	var out strings.Builder
	var states []string
	switch {
	case len(c.Args) == 0:
		out.WriteString("Id                       Owner      Submitted   ST PRI Class        Running On\n------------------------ ---------- ----------- -- --- ------------ -----------\n")
		for _, s := range f.steps {
			states = append(states, s.state)
			fmt.Fprintf(&out, "%-24.24s ada        11/22 11:58 %-2s 50  %-12s %s\n", s.id, s.state, s.class, strings.Join(s.hosts[:min(1, len(s.hosts))], ""))
		}
	case c.Args[0] == "-r":
		for _, s := range f.steps[min(f.fewer, len(f.steps)):] {
			fmt.Fprintf(&out, "%s!%s!%d!%s!%s\n", s.state, s.class, len(s.hosts), strings.Join(s.hosts[:min(1, len(s.hosts))], ""), s.id)
		}
		if len(f.steps) == 0 {
			out.WriteString("llq: There is currently no job status to report.\n")
		}
		return consume(strings.NewReader(out.String()))
	default:
		f.calls.Add(1)
		asked := map[string]bool{}
		for _, id := range c.Args[1:] {
			asked[id] = true
		}
		for _, s := range f.steps {
			if asked[s.id] && !slices.Contains(f.gone, s.id) {
				states = append(states, s.state)
				out.WriteString(s.record + "\n")
			}
		}
	}
	if len(states) == 0 {
		return consume(strings.NewReader("llq: There is currently no job status to report.\n"))
	}
	out.WriteString(lastLine(states))
	return consume(strings.NewReader(out.String()))
}

// lastLine returns the totals line of steps.
func lastLine(states []string) string {
	n := map[string]int{}
	for _, s := range states {
		n[s]++
	}
	return fmt.Sprintf("\n%d job step(s) in query, %d waiting, %d pending, %d running, %d held, 0 preempted\n", len(states), n["I"]+n["D"], n["P"], n["R"], n["H"]+n["S"]+n["HS"]+n["NQ"])
}
