package loadleveler

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

func TestMiB(t *testing.T) {
	for text, want := range map[string]int{
		"4.000 gb": 4096, "1000 MB": 1000, "1gb": 1024, "512": 512, "1 kb": 1, "3 mw": 12, "1 w": 1, "0": 0, "0.000 mb": 0, "100.000 gb": 102400, "1 pb": mostAmount,
		"": 0, "-1 gb": 0, "NaN": 0, "inf": 0, "1e308 gb": mostAmount, "1 xb": 0, "gb": 0, "99999999999999999999 gb": mostAmount,
	} {
		if got := mib(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestResources(t *testing.T) {
	for list, want := range map[string]string{
		"ConsumableCpus(2) ConsumableMemory(4.000 gb) ":             "2 CPUs, 4.0 GiB []",
		"consumablecpus(1)consumablememory(1500 MB)":                "1 CPU, 1.5 GiB []",
		"ConsumableCpus (3)  licence(2) ConsumableVirtualMemory(9)": "3 CPUs, 0 MiB [{licence 2}]",
		"GPUs(2)": "0 CPUs, 0 MiB, 2 GPUs []",
		"":        "0 CPUs, 0 MiB []", "((((": "0 CPUs, 0 MiB []", "ConsumableCpus(-3)": "0 CPUs, 0 MiB []", "ConsumableCpus(99999999999999999999)": "0 CPUs, 0 MiB []",
	} {
		s, others := amountsOf(resourcesIn(list))
		if got := fmt.Sprint(s, " ", others); got != want {
			t.Errorf("%q: %s, want %s", list, got, want)
		}
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]string{
		"Wed Sep  7 10:00:00 2016":     "2016-09-07T10:00:00Z",
		"Tue Jul 24 10:19:37 UTC 2007": "2007-07-24T10:19:37Z",
		"Tue Jul 24 10:19:37 GMT 2007": "2007-07-24T10:19:37Z",
		"Tue Jul 24 10:19:37 CDT 2007": "0001-01-01T00:00:00Z",
		"":                             "0001-01-01T00:00:00Z",
		"Wed Sep  7 10:00:00 99999":    "0001-01-01T00:00:00Z",
	} {
		if got := moment(text).Format(time.RFC3339); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestGeometry(t *testing.T) {
	for text, want := range map[string]string{
		"{(0,1)(2)}": "2 2", "{(0,1,2)}": "1 3", "{( 0 , 1 ) ( 2, 3 )}": "2 2", "{}": "0 1", "": "0 1", "{()}": "0 1", "{(0,1": "0 1", "{((((0)": "1 1",
	} {
		nodes, tasks := geometry(text)
		if got := fmt.Sprint(nodes, " ", tasks); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// The forms of gangs: nodes, several blocks of nodes, a geometry, blocking.
func TestGangs(t *testing.T) {
	for name, tt := range map[string]struct {
		step fakeStep
		want string
	}{
		"nodes":            {parallel("front.1.0", nil, block(16)), "1 CPUs 0 MiB 16 nodes {class: parallel}"},
		"one node":         {parallel("front.1.0", nil, block(1)), "1 CPUs 0 MiB {class: parallel}"},
		"blocks of nodes":  {parallel("front.1.0", nil, block(1), block(3), block(2)), "1 CPUs 0 MiB 6 nodes {class: parallel}"},
		"not shared":       {parallel("front.1.0", map[string]string{"Node Usage": "not_shared"}, block(4)), "1 CPUs 0 MiB 4 nodes exclusive {class: parallel}"},
		"a geometry":       {parallel("front.1.0", map[string]string{"Task_geometry": "{(0,1,2)(3)}", "Resources": "ConsumableCpus(2) ConsumableMemory(1 gb)"}, block(1), block(1)), "6 CPUs 3072 MiB 2 nodes {class: parallel}"},
		"node resources":   {parallel("front.1.0", map[string]string{"Node Resources": "ConsumableCpus(8) ConsumableMemory(3 gb)"}, block(2)), "8 CPUs 3072 MiB 2 nodes {class: parallel}"},
		"blocking":         {parallel("front.1.0", nil, "   Blocking        : 32\n   Total Tasks     : 929"), "32 CPUs 0 MiB 1 nodes 30 tasks {class: parallel}"},
		"without limit":    {parallel("front.1.0", nil, "   Blocking        : UNLIMITED\n   Total Tasks     : 12"), "1 CPUs 0 MiB 1 nodes 12 tasks {class: parallel}"},
		"other machines":   {parallel("front.1.0", nil, block(1)+"   Requirements    : (Pool == 1)\n", block(1)+"   Requirements    : (Pool == 2)\n"), "1 CPUs 0 MiB 2 nodes {class: parallel; different: 2}"},
		"of old":           {waiting("front.1.0", map[string]string{"Min Processors": "3", "Class": "parallel"}), "1 CPUs 0 MiB 3 nodes {class: parallel}"},
		"no end of nodes":  {parallel("front.1.0", nil, block(99999999), block(99999999)), "1 CPUs 0 MiB 199999998 nodes {class: parallel}"},
		"an overflow":      {parallel("front.1.0", map[string]string{"Resources": "ConsumableCpus(999999999) ConsumableMemory(99999999 gb)", "Task_geometry": "{(0,1,2,3)}"}, block(1)), fmt.Sprintf("%d CPUs %d MiB {class: parallel}", mostAmount, mostAmount)},
		"none of anything": {parallel("front.1.0", nil, ""), "1 CPUs 0 MiB {class: parallel}"},
	} {
		var lines []string
		s, err := New(Options{Runner: fakeOf(t, tt.step)}).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Workers, s.Running = nil, 0
		for _, g := range s.Jobs {
			lines = append(lines, inShort(queue.Snapshot{Jobs: []queue.JobGroup{g}}))
		}
		if got, want := fmt.Sprint(lines), "[1 of front.1.0: "+tt.want+"\n0 run]"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Messages of the negotiator that name a limit are no demand; others are.
func TestNegotiatorMessages(t *testing.T) {
	for text, want := range map[string]bool{
		"": true,
		"User = ada has reached the maximum number of job steps allowed running in class serial.":                 false,
		"The group physics has exceeded its limit of idle steps.":                                                 false,
		"The maximum number of tasks for class serial has been reached.":                                          false,
		"Not enough resources to start now. Not enough resources for this step as top-dog.":                       true,
		"Step front.1.0 will be started by backfill.":                                                             true,
		"0 node(s) of class serial are available.":                                                                true,
		"Not enough resources to start now.\nUser = ada has reached the maximum number of steps in class serial.": false,
	} {
		s := read(t, fakeOf(t, waiting("front.1.0", map[string]string{"Negotiator Messages": text})))
		if (s.Waiting() == 1) != want {
			t.Errorf("%q: %s", text, inShort(s))
		}
	}
}
