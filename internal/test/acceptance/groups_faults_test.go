//go:build acceptance

package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// These steps need a cloud whose servers fail, or take long, when their metadata
// says so, and which has three hypervisors.

// grow wants two more workers of mem than there are, with the given metadata, and
// returns the number wanted.
func (l *life) grow(t *testing.T, fault string) int {
	t.Helper()
	want := len(l.nodes(t.Context(), t).Workers("mem")) + 2
	l.want.more = `batch_system = { type = "htcondor" }` // and none is replaced for the sake of the metadata
	l.want.groups["mem"] = fmt.Sprintf("count = %d\navailability_zone = %q\nmetadata = { %s }", want, l.zone, fault)
	return want
}

// failedSpawns has two new workers fail: a warning that names both, a state that
// calls them MISSING, and all others go on.
func (l *life) failedSpawns(t *testing.T) {
	before := l.nodes(t.Context(), t)
	l.grow(t, `vmlab_fail = "spawn"`)
	text := l.applied(t)
	missing := l.missing(t)
	if len(missing) != 2 {
		t.Errorf("MISSING: %v, want two", missing)
	}
	for _, name := range missing {
		if says := name + " ended in ERROR 2 times"; !strings.Contains(text, says) {
			t.Errorf("no warning that %s:\n%s", says, text)
		}
	}
	expectUntouched(t, before, l.expectServers(t, len(before)-1))
	if _, differs, err := l.cli.Plan(t.Context()); err != nil || !differs {
		t.Errorf("the next plan makes them: %t, %v", differs, err)
	}
	l.calls(t)
}

// minReady makes the same an error; what works stays.
func (l *life) minReady(t *testing.T) {
	before := l.nodes(t.Context(), t)
	want := l.grow(t, `vmlab_fail = "spawn"`)
	l.want.groups["mem"] += fmt.Sprintf("\nmin_ready = %d", want)
	l.configure(t)
	_, err := l.cli.Apply(t.Context())
	refused(t, err, fmt.Sprintf("group mem needs at least %d workers that work, and has %d", want, want-2))
	t.Logf("apply: %d calls", l.calls(t))
	expectUntouched(t, before, l.expectServers(t, len(before)-1))
}

// delayedSpawns makes those workers, slowly: the apply waits for them.
func (l *life) delayedSpawns(t *testing.T) {
	const delay = 30 * time.Second
	before := l.nodes(t.Context(), t)
	want := l.grow(t, fmt.Sprintf("vmlab_delay = \"%.0f\"", delay.Seconds()))
	start := time.Now()
	l.applied(t)
	if took := time.Since(start); took < delay {
		t.Errorf("the apply took %s, less than a build", took)
	}
	after := l.expectServers(t, len(before)-1+2)
	expectUntouched(t, before, after)
	if got := len(after.Workers("mem")); got != want {
		t.Errorf("%d workers of mem, want %d", got, want)
	}
	l.expectNoDifference(t)
	l.calls(t)
}

// noHost wants four workers on three hypervisors, each on its own: the warning
// names just the one that the state calls MISSING. Then the group goes, and its
// server group with it.
func (l *life) noHost(t *testing.T) {
	before := l.nodes(t.Context(), t)
	l.want.groups["apart"] = "count = 4\nserver_group = { policy = \"anti-affinity\" }"
	text := l.applied(t)
	missing := l.missing(t)
	if len(missing) != 1 {
		t.Errorf("MISSING: %v, want one", missing)
	}
	for i := range 4 {
		name := cluster.WorkerName(l.name, "apart", i+1)
		if warned := strings.Contains(text, name+" ended in ERROR"); warned != slices.Contains(missing, name) {
			t.Errorf("%s: MISSING %t, warned of %t", name, !warned, warned)
		}
	}
	// The second where a busy Nova places two at once and finds out later.
	if !strings.Contains(text, "No valid host was found") && !strings.Contains(text, "Exceeded max scheduling attempts") {
		t.Errorf("Nova's words are not told:\n%s", text)
	}
	expectUntouched(t, before, l.expectServers(t, len(before)-1+3))
	cpu := len(before.Workers("cpu"))
	l.expectServerGroups(t, map[string]int{l.name + "-cpu": cpu, l.name + "-apart": 3})
	delete(l.want.groups, "apart")
	l.applied(t)
	expectUntouched(t, before, l.expectServers(t, len(before)-1))
	l.expectServerGroups(t, map[string]int{l.name + "-cpu": cpu})
	l.expectNoDifference(t)
	l.calls(t)
}
