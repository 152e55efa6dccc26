package loadleveler

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// versions are the folders of what a busy cluster prints.
var versions = []string{"5", "3"}

// noConnection is how a tool speaks of a central manager that is not there: on its
// standard output.
const noConnection = "failed\n11/22 11:58:01 llq: 2539-463 Cannot connect to front \"LoadL_negotiator\" on port 9614. errno = 111\n"

func TestContract(t *testing.T) {
	with := func(change func(*printed)) *queuetest.Tools {
		p := in("5")
		change(&p)
		return p.tools(t)
	}
	pools := map[string]*queuetest.Tools{}
	for _, v := range versions {
		pools[v] = in(v).tools(t)
	}
	front := in("5").without()
	front.states, front.resources, front.machines = "front!0!Down!0!0!4!8000!AMD64!Linux2\n", "", "Name = front\n"
	queuetest.Contract{
		Adapter: Name,
		Reader:  func(run command.Runner) queue.Reader { return New(Options{Runner: run}) },
		Pools:   pools,
		Empty:   front.tools(t),
		Down: map[string]*queuetest.Tools{
			"no connection":                  with(func(p *printed) { p.classes = noConnection }),
			"no connection, later":           with(func(p *printed) { p.llq = noConnection }),
			"no connection for the states":   with(func(p *printed) { p.rows = noConnection }),
			"no connection for the details":  with(func(p *printed) { p.long = noConnection }),
			"no connection for the machines": with(func(p *printed) { p.states = noConnection }),
			"llq prints nothing":             with(func(p *printed) { p.llq = "" }),
			"llq -r prints nothing":          with(func(p *printed) { p.rows = "" }),
			"llq -l prints nothing":          with(func(p *printed) { p.long = "" }),
			"there are no classes":           with(func(p *printed) { p.classes = "" }),
			"there are no machines":          with(func(p *printed) { p.states = "" }),
			"no machine has resources":       with(func(p *printed) { p.resources = "" }),
			"no machine has a record":        with(func(p *printed) { p.machines = "" }),
			"the totals are others": with(func(p *printed) {
				p.llq = "Id                       Owner      Submitted   ST PRI Class        Running On\n" +
					"------------------------ ---------- ----------- -- --- ------------ -----------\n" +
					"front.1.0 ada 11/22 11:58 R 50 serial w1\n\n1 job step(s) in queue, 1 waiting, 0 pending, 0 running, 0 held, 0 preempted\n"
			}),
		},
		Partly: map[string]*queuetest.Tools{
			"the queue is empty, but the machines have steps": in("5").without().tools(t),
			"fewer states than steps":                         with(func(p *printed) { p.rows = "R!serial!1!astro-cpu-1!front.101.0\n" }),
			"a machine without resources":                     with(func(p *printed) { p.resources = "front#\nastro-cpu-1 ConsumableCpus(1,4)\n" }),
			"a machine without a record":                      with(func(p *printed) { p.machines = "Name = front\nName = astro-cpu-1\n" }),
			"a machine without a state":                       with(func(p *printed) { p.states = "front!0!Down!0!0!4!8000!AMD64!Linux2\n" }),
			"a class that llclass does not list": with(func(p *printed) {
				p.classes = "=============== Class serial ===============\n                    Name: serial\n"
			}),
		},
	}.Run(t)
}
