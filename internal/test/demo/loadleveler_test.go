package main

import (
	"strings"
	"testing"
	"time"

	sim "github.com/vmcluster/terraform-provider-vmcluster/internal/test/loadleveler"
)

// The played programs show the same pool as steps and as machines, in the forms of both
// versions.
func TestLoadLevelerShowsThePool(t *testing.T) {
	p := newPool(func(name string) bool { return name != "astro-cpu-3" }, func(string) string { return "" })
	for _, s := range loadleveler.load {
		p.submit(s, time.Hour)
	}
	p.step([]string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}, time.Now())
	for args, want := range map[string][]string{
		"llq":                     {"11 job step(s) in queue, 10 waiting, 0 pending, 1 running, 0 held, 0 preempted\n"},
		"llq -r %id %st":          {"astro-frontend.astro.vmcluster.internal.1.0!R\nastro-frontend.astro.vmcluster.internal.2.0!I\n"},
		"llq -l":                  {"===== Job Step ", "   Node minimum    : 2\n", "   Allocated Hosts : astro-cpu-1.astro.vmcluster.internal::\n                   + astro-cpu-2."},
		"llstatus -r %n %sts %r":  {"astro-cpu-1.astro.vmcluster.internal!Busy!1\n", "astro-cpu-3.astro.vmcluster.internal!Drained!0\n"},
		"llstatus -R astro-cpu-1": {"ConsumableCpus(0,1)* ConsumableMemory(256.000 mb,512.000 mb)*\n"},
		"llclass -l all_groups":   {"Free_slots: 0\n", "Maximum_slots: 3\n"},
	} {
		words := strings.Fields(args)
		got, err := answerLoadLeveler(p, call{Tool: words[0], Args: words[1:], Env: []string{"TZ=UTC0"}}, time.Now())
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s printed no %q:\n%s", args, part, got)
			}
		}
	}
	for args, want := range map[string]string{"llq": "Running on\n", "llq -l": "=============== Job Step ", "llclass -l": "Def_wall_clock_limit: ", "llstatus -v": "llstatus 3.5.1.16 "} {
		words := strings.Fields(args)
		got, err := sim.Play(t.Context(), p.loadleveler("3.5.1.16"), words[0], words[1:], nil)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("version 3: %s printed no %q: %v\n%s", args, want, err, got)
		}
	}
	if _, err := answerLoadLeveler(p, call{Tool: "llq", Args: []string{"-s"}}, time.Now()); err == nil || !strings.Contains(err.Error(), "is not played") {
		t.Errorf("a call that is not played: %v", err)
	}
}
