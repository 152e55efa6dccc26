package loadleveler

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// The queue and the cluster that the adapter is made for.
const (
	benchSteps    = 10_000 // that wait
	benchMachines = 1_000
)

// bigCluster answers with as much as the tools of a large cluster print: a record of llq -l
// has the size of a recorded one.
type bigCluster struct {
	llq, rows, classes, states, resources, machines string
	own                                             func(i int) string // Resources of a step
}

func big(own func(i int) string) *bigCluster {
	c := &bigCluster{own: own, classes: "=============== Class serial ===============\n                    Name: serial\n"}
	var llq, rows, states, resources, machines strings.Builder
	llq.WriteString("Id                       Owner      Submitted   ST PRI Class        Running On\n------------------------ ---------- ----------- -- --- ------------ -----------\n")
	for i := range benchSteps + 2*benchMachines {
		state, host := "I", ""
		if i >= benchSteps {
			state, host = "R", fmt.Sprintf("astro-cpu-%d", i%benchMachines+1)
		}
		fmt.Fprintf(&llq, "%-24s ada        11/22 11:58 %-2s 50  serial       %s\n", fmt.Sprintf("front.%d.0", i), state, host)
		fmt.Fprintf(&rows, "%s!serial!1!%s!front.%d.0\n", state, host, i)
	}
	for i := range benchMachines {
		name := fmt.Sprintf("astro-cpu-%d", i+1)
		fmt.Fprintf(&states, "%s!1!Running!2!4!4!8000!AMD64!Linux2\n", name)
		fmt.Fprintf(&resources, "%s ConsumableCpus(2,4)* ConsumableMemory(4.000 gb,7.500 gb)*\n", name)
		fmt.Fprintf(&machines, "Name = %s\nConfiguredClasses = serial(4)\nFeature = cpu\nPool = 1\nState = Running\n\n", name)
	}
	fmt.Fprintf(&llq, "\n%d job step(s) in queue, %d waiting, 0 pending, %d running, 0 held, 0 preempted\n", benchSteps+2*benchMachines, benchSteps, 2*benchMachines)
	c.llq, c.rows, c.states, c.resources, c.machines = llq.String(), rows.String(), states.String(), resources.String(), machines.String()
	return c
}

// Run implements command.Runner.
func (c *bigCluster) Run(_ context.Context, cmd command.Command, consume func(io.Reader) error) error {
	line := cmd.Name + " " + strings.Join(cmd.Args[:min(1, len(cmd.Args))], "")
	if text, is := map[string]string{"llq ": c.llq, "llq -r": c.rows, "llclass -l": c.classes, "llstatus -r": c.states, "llstatus -R": c.resources, "llstatus -l": c.machines}[line]; is {
		return consume(strings.NewReader(text))
	}
	return consume(&records{c: c, ids: cmd.Args[1:], n: len(cmd.Args) - 1})
}

// records prints the records of steps, one after the other, and their last line.
type records struct {
	c    *bigCluster
	ids  []string
	n    int
	rest bytes.Buffer
}

// Read implements io.Reader.
func (r *records) Read(p []byte) (int, error) {
	for r.rest.Len() == 0 && r.n >= 0 {
		if len(r.ids) == 0 {
			fmt.Fprintf(&r.rest, "\n%d job step(s) in query, %d waiting, 0 pending, 0 running, 0 held, 0 preempted\n", r.n, r.n)
			r.n = -1
			break
		}
		var i int
		_, _ = fmt.Sscanf(r.ids[0], "front.%d.0", &i)
		s := waiting(r.ids[0], map[string]string{"Resources": r.c.own(i), "Env": strings.Repeat("x", 2500)})
		r.rest.WriteString(s.record + "\n")
		r.ids = r.ids[1:]
	}
	return r.rest.Read(p)
}

// BenchmarkRead10000Steps reads 10,000 waiting steps and 1,000 machines with 2,000 running
// ones: what a reading costs beside LoadLeveler's tools. The time has that of making up the
// records in it.
func BenchmarkRead10000Steps(b *testing.B) {
	for _, q := range []struct {
		name string
		own  func(i int) string
	}{
		{"kinds=20", func(i int) string { return fmt.Sprintf("ConsumableCpus(%d) ConsumableMemory(%d mb)", i%4, i%5*100) }},
		{"sizes=10000", func(i int) string { return fmt.Sprintf("ConsumableMemory(%d mb)", i+1) }},
	} {
		b.Run(q.name, func(b *testing.B) {
			c, groups := big(q.own), 0
			for b.Loop() {
				s, err := New(Options{Runner: c}).Read(b.Context())
				if groups = len(s.Jobs); err != nil || s.Waiting() != benchSteps || len(s.Workers) != benchMachines || len(s.Partial) > 0 {
					b.Fatalf("%d steps, %d workers, skipped %v, %v, %v", s.Waiting(), len(s.Workers), s.Skipped, s.Partial, err)
				}
			}
			b.ReportMetric(float64(groups), "groups")
		})
	}
}
