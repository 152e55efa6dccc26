package decide_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// herd is n workers that are as said, after a number of busy ones.
func herd(well, n int, each func(name string) func(*world)) func(*world) {
	return func(w *world) {
		for i := range well + n {
			name := cluster.WorkerName("astro", "cpu", i+1)
			if i < well {
				node(name, 9000)(w)
				pool(name, 4, 0)(w)
				continue
			}
			each(name)(w)
		}
	}
}

func status(s cluster.Status) func(string) func(*world) {
	return func(name string) func(*world) {
		return node(name, 9000, func(n *cluster.Node, _ *cluster.Member) { n.Status = s })
	}
}

// missing is one that was in the pool until some seconds ago.
func missing(s int) func(string) func(*world) {
	return func(name string) func(*world) {
		return func(w *world) {
			node(name, 9000)(w)
			if w.memory.LastInPool == nil {
				w.memory.LastInPool = map[string]time.Time{}
			}
			w.memory.LastInPool[name] = ago(s)
		}
	}
}

func TestSickStop(t *testing.T) {
	// There is something to add, something to remove, something to call back.
	busyDay := func(changes ...func(*world)) world {
		return newWorld(append([]func(*world){bounds(0, 50), watched(36000), jobs(400), unmetFor(60)}, changes...)...)
	}
	errored := func(name string) func(*world) { return node(name, 9000, inError) }
	for _, row := range []struct {
		name  string
		world world
		want  string // in Stop, by code and arguments; "" is not stopped
	}{
		{"all are well", busyDay(herd(8, 0, nil)), ""},
		{"three are never too many", busyDay(herd(0, 3, status("SHUTOFF"))), ""},
		{"four of four", busyDay(herd(0, 4, status("SHUTOFF"))), "too_many_sick sick=4 workers=4 how=(sick_stopped workers=4) percent=45"},
		{"four of nine are 44 %", busyDay(herd(5, 4, status("SHUTOFF"))), ""},
		{"nine of twenty are 45 %", busyDay(herd(11, 9, status("SHUTOFF"))), ""},
		{"four of eight are too many", busyDay(herd(4, 4, status("SHUTOFF"))), "too_many_sick sick=4 workers=8 how=(sick_stopped workers=4) percent=45"},
		{"in ERROR, in the roster", busyDay(herd(4, 4, errored)), "how=(sick_error workers=4)"},
		{"on hosts that are away", busyDay(herd(4, 4, status(cluster.StatusUnknown))), "how=(sick_unreached workers=4)"},
		{"gone from the pool for longer than ads live", busyDay(herd(4, 4, missing(240))), "how=(sick_lost workers=4)"},
		{"gone for a moment", busyDay(herd(4, 4, missing(239))), ""},
		{"several sorts add up", busyDay(herd(4, 2, missing(300)), func(w *world) {
			status("SHUTOFF")("astro-cpu-7")(w)
			errored("astro-cpu-8")(w)
		}), "too_many_sick sick=4 workers=8 how=(sick_lost workers=2) how=(sick_stopped workers=1) how=(sick_error workers=1) percent=45"},
		{"a young directory does not know them yet", busyDay(herd(4, 4, missing(300)), func(w *world) { w.facts.Queue.PoolSince = ago(200) }), ""},
		{"those that never joined are replaced, not mourned", busyDay(herd(0, 6, func(name string) func(*world) { return node(name, 1000) })), ""},
		{"nor those that failed before anybody enrolled them", busyDay(herd(0, 6, errored), func(w *world) { w.facts.Cluster.Document.Workers = nil }), ""},
		{"nor those that failed after they got an address", busyDay(herd(2, 6, func(name string) func(*world) { return node(name, 300, inError) })), ""},
		{"those that have worked are", busyDay(herd(2, 6, func(name string) func(*world) {
			return func(w *world) {
				missing(30)(name)(w)
				n := &w.facts.Cluster.Nodes[len(w.facts.Cluster.Nodes)-1]
				n.Created = ago(300)
				inError(n, nil)
			}
		})), "how=(sick_error workers=6)"},
		{"a scaler that was just started takes old ones for well", busyDay(watched(960), herd(0, 6, func(name string) func(*world) { return node(name, 9000) })), "how=(sick_lost workers=6)"},
		{"leaving ones are gone by our wish", busyDay(herd(2, 6, func(name string) func(*world) {
			return func(w *world) {
				missing(900)(name)(w)
				w.facts.Cluster.Document.Workers[len(w.facts.Cluster.Document.Workers)-1].Leaving = cluster.LeaveIdle
			}
		})), ""},
		{"other groups' are not counted", busyDay(herd(4, 0, nil), func(w *world) {
			for i := range 6 {
				status("SHUTOFF")(fmt.Sprintf("astro-other-%d", i+1))(w)
			}
		}), ""},
	} {
		out, _ := decide.Tick(row.world.facts, row.world.policy, row.world.memory, now)
		d := out.Decision
		switch {
		case row.want == "" && !d.Stop.IsZero():
			t.Errorf("%s: stopped: %s", row.name, d.Stopped)
		case row.want != "" && !strings.Contains(d.Stop.Brief(), row.want):
			t.Errorf("%s: %q, want %q", row.name, d.Stop.Brief(), row.want)
		case row.want != "" && !d.Nothing():
			t.Errorf("%s: and yet: %s", row.name, brief(d))
		case row.want == "" && d.Nothing():
			t.Errorf("%s: nothing is done: %s", row.name, reasons(d))
		}
	}
}

func watched(s int) func(*world) {
	return func(w *world) { w.memory.WatchedFrom = ago(s) }
}
