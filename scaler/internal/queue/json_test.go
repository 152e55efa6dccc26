package queue_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// throughJSON writes a value and reads it again.
func throughJSON[T any](t *testing.T, v T) T {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return back
}

// randomSnapshot fills every field, now and then with its zero value.
func randomSnapshot(r *rand.Rand) queue.Snapshot {
	s := queue.Snapshot{
		Traits: queuetest.Traits(), JobsAt: randomTime(r), WorkersAt: randomTime(r), PoolSince: randomTime(r), Running: r.IntN(9),
		Jobs: []queue.JobGroup{}, Workers: []queue.Worker{},
	}
	for range r.IntN(3) {
		s.Partial = append(s.Partial, randomText(r))
		s.Skipped = append(s.Skipped, queue.Skipped{Why: randomText(r), Count: r.IntN(9), First: randomText(r)})
		if s.OnNode == nil {
			s.OnNode = map[string]int{}
		}
		s.OnNode[randomText(r)] = r.IntN(9)
	}
	for range r.IntN(5) {
		s.Jobs = append(s.Jobs, queue.JobGroup{
			Key: randomText(r), Count: r.IntN(9), First: randomText(r), Oldest: randomTime(r), Asks: randomShape(r), Takes: randomShape(r), Group: randomText(r),
			Nodes: r.IntN(4), Tasks: r.IntN(9), OneGroup: r.IntN(2) == 0, Exclusive: r.IntN(2) == 0, Blocked: randomText(r), Requires: randomRequirement(r),
		})
	}
	for range r.IntN(5) {
		s.Workers = append(s.Workers, queue.Worker{
			Name: randomText(r), Slots: r.IntN(3), Total: randomShape(r), Free: randomShape(r), Running: r.IntN(3), RanBefore: r.IntN(2) == 0,
			IdleSince: randomTime(r), HeardAt: randomTime(r), Started: randomTime(r), Server: randomText(r), State: randomText(r), Draining: r.IntN(2) == 0,
			Attributes: randomAttributes(r),
		})
	}
	return s
}

func randomTime(r *rand.Rand) time.Time {
	if r.IntN(4) == 0 {
		return time.Time{}
	}
	return time.Unix(r.Int64N(1e10), r.Int64N(1e9)).UTC()
}

func randomText(r *rand.Rand) string {
	letters := []rune("abc \"\\/<&>\n\x00\u2028é✓\U0001F600")
	text := make([]rune, r.IntN(6))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

func randomShape(r *rand.Rand) queue.Shape {
	return queue.Shape{Cpus: r.IntN(3), MemoryMiB: r.IntN(1 << 40), DiskKiB: r.IntN(3), GPUs: r.IntN(3)}
}

func randomRequirement(r *rand.Rand) *queue.Requirement {
	if r.IntN(3) == 0 {
		return nil
	}
	out := &queue.Requirement{Clauses: []string{randomText(r)}, Amounts: r.IntN(2) == 0, Personal: r.IntN(2) == 0, Partial: r.IntN(2) == 0}
	for range r.IntN(3) {
		if out.Job == nil {
			out.Job = map[string]string{}
		}
		out.Job[randomText(r)] = randomText(r)
	}
	return out
}

func randomAttributes(r *rand.Rand) queue.Attributes {
	if r.IntN(4) == 0 {
		return nil
	}
	a := queue.Attributes{"none": nil, "yes": true, "no": false, "text": randomText(r)}
	for i := range r.IntN(20) {
		if real := math.Float64frombits(r.Uint64()); !math.IsNaN(real) && !math.IsInf(real, 0) {
			a[fmt.Sprint("real", i)] = real
		}
		a[fmt.Sprint("near", i)] = float64(r.IntN(100)) / float64(1+r.IntN(3))
		a[fmt.Sprint("whole", i)] = int64(r.Uint64())
	}
	return a
}

func TestSnapshotsSurviveJSON(t *testing.T) {
	for seed := range uint64(500) {
		s := randomSnapshot(rand.New(rand.NewPCG(seed, 1)))
		if back := throughJSON(t, s); !reflect.DeepEqual(back, s) {
			t.Fatalf("seed %d:\n%+v\nbecame\n%+v", seed, s, back)
		}
	}
}

func TestEqualRequirementsAreOneValueAfterJSON(t *testing.T) {
	same := func() *queue.Requirement { return queuetest.Has("arch", "x") }
	s := throughJSON(t, queue.Snapshot{Jobs: []queue.JobGroup{{Requires: same()}, {Requires: queuetest.Has("arch", "y")}, {Requires: same()}, {}}})
	if s.Jobs[0].Requires != s.Jobs[2].Requires || s.Jobs[0].Requires == s.Jobs[1].Requires || s.Jobs[3].Requires != nil {
		t.Errorf("requirements %p %p %p %p", s.Jobs[0].Requires, s.Jobs[1].Requires, s.Jobs[2].Requires, s.Jobs[3].Requires)
	}
}

func TestSnapshotsOfAnotherVersionAreRefused(t *testing.T) {
	raw, err := json.Marshal(queue.Snapshot{})
	if err != nil || !strings.HasPrefix(string(raw), `{"version":1,`) {
		t.Fatalf("%s, %v", raw, err)
	}
	for text, want := range map[string]string{
		strings.Replace(string(raw), `"version":1`, `"version":2`, 1): "of version 2, and this program reads version 1",
		`{}`:                          "of version 0",
		`{"version":1,"jobs":[{"a":[`: "unexpected end",
		`{"version":1,"jobs":"many"}`: "cannot unmarshal",
		`{"version":1,"workers":[{"attributes":{"a":[1]}}]}`: "attribute a is neither text nor a number nor a truth value",
	} {
		var s queue.Snapshot
		if err := json.Unmarshal([]byte(text), &s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestAttributesInJSON(t *testing.T) {
	a := queue.Attributes{
		"absent": nil, "arch": "x<86>", "docker": true, "whole": int64(4), "real": 4.0, "large": int64(math.MaxInt64), "small": int64(math.MinInt64),
		"zero": math.Copysign(0, -1), "tiny": 5e-324, "huge": math.MaxFloat64, "third": 1.0 / 3,
	}
	raw, err := json.Marshal(a)
	want := `{"absent":null,"arch":"x\u003c86\u003e","docker":true,"huge":1.7976931348623157e+308,"large":9223372036854775807,"real":4.0,` +
		`"small":-9223372036854775808,"third":0.3333333333333333,"tiny":5e-324,"whole":4,"zero":-0.0}`
	if err != nil || string(raw) != want {
		t.Errorf("%s, %v\nwant\n%s", raw, err, want)
	}
	if back := throughJSON(t, a); !reflect.DeepEqual(back, a) || !math.Signbit(back["zero"].(float64)) {
		t.Errorf("became %v", back)
	}
	for name, v := range map[string]any{"NaN": math.NaN(), "Inf": math.Inf(-1), "a []int": []int{}, "a int": 3} {
		if _, err := json.Marshal(queue.Attributes{"a": v}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func FuzzAttributes(f *testing.F) {
	f.Add(`{"a":4,"b":4.0,"c":1e2,"d":"x","e":null,"f":true,"g":123456789012345678901234567890}`)
	f.Add(`{"a":-0}`)
	f.Add(`{"a":-0.0}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		var first, second queue.Attributes
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		raw, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("%q was read and can not be written: %v", text, err)
		}
		if err := json.Unmarshal(raw, &second); err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%q: %v became %v, %v", text, first, second, err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	for seed := range uint64(5) {
		raw, err := json.Marshal(randomSnapshot(rand.New(rand.NewPCG(seed, 2))))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var first, second queue.Snapshot
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		raw, err := json.Marshal(first)
		if err != nil {
			return // a time beyond the year 9999
		}
		if err := json.Unmarshal(raw, &second); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if again, err := json.Marshal(second); err != nil || string(again) != string(raw) {
			t.Fatalf("%s\nbecame\n%s, %v", raw, again, err)
		}
	})
}
