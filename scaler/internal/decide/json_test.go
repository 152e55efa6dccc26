package decide_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// throughJSON returns what a value is after JSON, and fails where the JSON of that
// is another one: something was lost.
func throughJSON[T any](t *testing.T, v T) T {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	var back T
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%T: %v\n%s", v, err, data)
	}
	if after := encoded(t, back); !bytes.Equal(after, data) {
		t.Fatalf("%T: after JSON\n%s\nbefore\n%s", v, after, data)
	}
	return back
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return data
}

// Facts, policy and memory that went through JSON, before each of many rounds, lead
// to the same outcome and the same memory.
func TestARecordedRoundIsDecidedAgainTheSame(t *testing.T) {
	actions := map[string]int{}
	play(40, 12, func(f decide.Facts, p decide.Policy, m decide.Memory, at time.Time) decide.Memory {
		out, next := decide.Tick(f, p, m, at)
		again, memory := decide.Tick(throughJSON(t, f), throughJSON(t, p), throughJSON(t, m), at)
		if got, want := encoded(t, again), encoded(t, out); !bytes.Equal(got, want) {
			t.Fatalf("replayed\n%s\nfirst\n%s", got, want)
		}
		if got, want := encoded(t, memory), encoded(t, next); !bytes.Equal(got, want) {
			t.Fatalf("replayed memory\n%s\nfirst\n%s", got, want)
		}
		throughJSON(t, out)
		count(actions, out.Decision)
		return memory
	})
	for _, what := range []string{"add", "drain", "undrain", "remove", "discard", "collect", "stop"} {
		if actions[what] == 0 {
			t.Errorf("no round decided to %s: %v", what, actions)
		}
	}
}

// A process's times carry the reading of a second clock, which JSON does not keep.
// Durations between what a round noted must not depend on it.
func TestAProcessesOwnClockDecidesNothing(t *testing.T) {
	at := time.Now()
	tick := func(w world) decide.Memory {
		w.facts.Queue.JobsAt, w.facts.Queue.WorkersAt = at, at
		_, m := decide.Tick(w.facts, w.policy, w.memory, at)
		return m
	}
	m := tick(newWorld(jobs(40), node("astro-cpu-1", 900), pool("astro-cpu-1", 1, 0)))
	leaves := tick(newWorld(node("astro-cpu-2", 9000, leaving), pool("astro-cpu-2", 0, 90), report("cpu[2]", "")))
	m = m.Failed(at, fault(cluster.FaultNoHost, "")).Collected("gone", errors.New("no answer"), at)
	for what, noted := range map[string]time.Time{
		"the pool": m.LastInPool["astro-cpu-1"], "a failure": m.Breakers[decide.FaultKey{Group: "cpu", Kind: cluster.FaultNoHost}].Last, "a server": m.Servers["gone"].Seen,
		"a reading": m.LookedAt, "a need": m.Unmet["cpu"], "a worker that is closed": leaves.Confirmed["astro-cpu-2"].Last,
	} {
		if noted != noted.Round(0) || noted.IsZero() {
			t.Errorf("%s was noted at %s", what, noted)
		}
	}
}

func TestTheJSONOfADecision(t *testing.T) {
	d := decide.Decision{
		Add:    []decide.Add{{Group: "cpu", Count: 2, Reason: reason.New(reason.FewerThanMin, reason.Count("workers", 0), reason.Count("min", 2)), Avoid: []string{"a"}}},
		Remove: []decide.Step{{Worker: "astro-cpu-1", Group: "cpu", Server: "s1", Fault: cluster.FaultNoHost, Marked: true, Reason: reason.New(reason.ServerInError, reason.Text("message", "CPUs 64 > 2"))}},
		Notes:  []decide.Note{{About: "jobs", Reason: reason.Said("x")}},
	}
	got, err := reason.JSON(d)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"add":[{"group":"cpu","count":2,"avoid_zones":["a"],"reason":"0 of at least 2 workers","code":"fewer_than_min","arguments":{"workers":0,"min":2}}],` +
		`"remove":[{"worker":"astro-cpu-1","group":"cpu","server":"s1","fault":"no_host","marked":true,"reason":"its server is in ERROR: CPUs 64 > 2","code":"server_in_error","arguments":{"message":{"words":"CPUs 64 > 2"}}}],` +
		`"notes":[{"about":"jobs","reason":"x","code":"other","arguments":{"words":{"words":"x"}}}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	throughJSON(t, d)
}

// Records of versions without codes have the words alone.
func TestADecisionOfAnEarlierVersionIsRead(t *testing.T) {
	var d decide.Decision
	if err := json.Unmarshal([]byte(`{"drain":[{"worker":"astro-cpu-1","group":"cpu","reason":"idle for 1m"}],"stopped":"4 of 8 workers are sick"}`), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Drain) != 1 || d.Drain[0].Worker != "astro-cpu-1" || d.Drain[0].Reason.String() != "idle for 1m" || d.Stopped != "4 of 8 workers are sick" {
		t.Errorf("%+v", d)
	}
}

func TestKeysOfBreakersAsText(t *testing.T) {
	for _, k := range []decide.FaultKey{{Group: "cpu", Kind: cluster.FaultNoHost}, {Group: "cpu", Zone: "a/b c", Kind: decide.NotJoined}, {}} {
		throughJSON(t, map[decide.FaultKey]int{k: 1})
		var back decide.FaultKey
		if text, err := k.MarshalText(); err != nil || back.UnmarshalText(text) != nil || back != k {
			t.Errorf("%+v became %+v, %v", k, back, err)
		}
	}
	if _, err := (decide.FaultKey{Group: "a/b"}).MarshalText(); err == nil {
		t.Error("a group with a slash has no error")
	}
	if err := new(decide.FaultKey).UnmarshalText([]byte("cpu/no_host")); err == nil {
		t.Error("a key without a zone has no error")
	}
}

func TestSchedulesThatCanNotBeRead(t *testing.T) {
	var w decide.Window
	for _, text := range []string{`{"time_zone":"Nowhere/Nowhere"}`, `{"days":"mon"}`} {
		if err := json.Unmarshal([]byte(text), &w); err == nil {
			t.Errorf("%s was read: %+v", text, w)
		}
	}
}
