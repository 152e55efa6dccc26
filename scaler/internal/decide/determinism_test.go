package decide_test

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

const again = 200

// Two pauses of one group that end at the same time once gave one reason in some
// ticks and the other in others.
func TestEqualPausesGiveOneReason(t *testing.T) {
	w := newWorld(jobs(16), unmetFor(60))
	w.memory = w.memory.Failed(ago(10),
		decide.Fault{Group: "cpu", Kind: cluster.FaultNoHost, Why: reason.Said("no host")},
		decide.Fault{Group: "cpu", Kind: decide.NotJoined, Why: reason.Said("not joined")},
		decide.Fault{Group: "cpu", Kind: cluster.FaultImage, Why: reason.Said("no image")})
	seen := map[string]int{}
	for range again {
		out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
		seen[reasons(out.Decision)]++
	}
	if len(seen) != 1 {
		t.Errorf("%d ticks gave %d different reasons: %v", again, len(seen), slices.Collect(maps.Values(seen)))
	}
}

// What a new machine will be called is learned from one of the groups, always the
// same one.
func TestTheDomainIsLearnedOfOneGroup(t *testing.T) {
	w := newWorld(
		node("astro-cpu-1", 900), pool("astro-cpu-1", 0, 10), says("machine", "astro-cpu-1.one.example.org"),
		node("astro-other-1", 900), pool("astro-other-1", 0, 10), says("machine", "astro-other-1.two.example.org"))
	seen := map[string]bool{}
	for range again {
		_, m := decide.Tick(w.facts, w.policy, w.memory, now)
		seen[m.Domain] = true
	}
	if len(seen) != 1 {
		t.Errorf("learned the domains %v", slices.Collect(maps.Keys(seen)))
	}
}

// The same facts, policy, memory and time give the same outcome and the same
// memory, and none of them is changed.
func TestEqualTicksHaveEqualOutcomes(t *testing.T) {
	actions := map[string]int{}
	play(30, 12, func(f decide.Facts, p decide.Policy, m decide.Memory, at time.Time) decide.Memory {
		facts, policy, memory := encoded(t, f), encoded(t, p), encoded(t, m)
		first, next := decide.Tick(f, p, m, at)
		if !bytes.Equal(encoded(t, f), facts) || !bytes.Equal(encoded(t, p), policy) || !bytes.Equal(encoded(t, m), memory) {
			t.Fatal("the tick has changed its arguments")
		}
		for i := range again / 10 {
			out, memory := decide.Tick(f, p, m, at)
			if !reflect.DeepEqual(out, first) {
				t.Fatalf("tick %d has another outcome:\n%+v\nand before\n%+v", i, out.Decision, first.Decision)
			}
			if !reflect.DeepEqual(memory, next) {
				t.Fatalf("tick %d has another memory:\n%+v\nand before\n%+v", i, memory, next)
			}
		}
		count(actions, first.Decision)
		return next
	})
	// Rounds in which nothing happens would prove nothing.
	for _, what := range []string{"add", "drain", "undrain", "remove", "discard", "collect", "stop"} {
		if actions[what] == 0 {
			t.Errorf("no round decided to %s: %v", what, actions)
		}
	}
}

func count(actions map[string]int, d decide.Decision) {
	for what, n := range map[string]int{
		"add": len(d.Add), "drain": len(d.Drain), "undrain": len(d.Undrain), "remove": len(d.Remove), "discard": len(d.Discard), "collect": len(d.Collect),
	} {
		actions[what] += n
	}
	if !d.Stop.IsZero() {
		actions["stop"]++
	}
	for _, n := range d.Notes {
		actions[string(n.Reason.Code)]++
	}
}
