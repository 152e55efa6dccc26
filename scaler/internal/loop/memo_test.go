package loop_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/lease"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

// memos are the tags beside the leases.
type memos struct {
	texts []string
	calls int
	most  int
}

func (m *memos) AddMemo(_ context.Context, _, text string) error {
	m.calls++
	if len(text) > cluster.MaxMemo || strings.ContainsAny(text, "/,") {
		return fmt.Errorf("%q is no tag", text)
	}
	if !slices.Contains(m.texts, text) {
		m.texts = append(m.texts, text)
	}
	m.most = max(m.most, len(m.texts))
	return nil
}

func (m *memos) DropMemo(_ context.Context, _, text string) error {
	m.calls++
	m.texts = slices.DeleteFunc(m.texts, func(t string) bool { return t == text })
	return nil
}

// withMemos shows a cluster with the front-end's tags.
type withMemos struct {
	withFrontEnd
	memos *memos
}

func (c withMemos) Read(ctx context.Context) (cluster.View, error) {
	v, err := c.withFrontEnd.Read(ctx)
	v.Nodes[len(v.Nodes)-1].Memos = slices.Clone(c.memos.texts)
	return v, err
}

// remembering returns a scaler that starts now, on a cluster that earlier scalers have
// managed.
func remembering(s *sim, t *tags, m *memos) *loop.Loop {
	l := newLoop(s, 20)
	l.Cluster, l.Lease, l.Memos = withMemos{withFrontEnd{&clusterOf{sim: s}, t}, m}, lease.New(t, "scaler"), m
	return l
}

// onceEvery runs a scheduled container for a time.
func onceEvery(t *testing.T, every, d time.Duration, start func() *loop.Loop) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		next := time.Now().Add(every)
		l := start()
		_, _ = l.Once(t.Context()) // the failures are part of the test
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(next))
	}
}

// A cloud without room is asked again after 5, 10, 20, then 30 minutes, also if each
// attempt is by another process: a scheduled container, or a restarted scaler.
func TestPausesOutliveTheScaler(t *testing.T) {
	fails := func() *sim {
		s := newSim()
		s.submit(4, 0, time.Minute)
		s.addErr = &cluster.CloudError{Kind: cluster.FaultNoHost, Op: "create server", Code: 400, Message: "No valid host was found"}
		return s
	}
	check := func(t *testing.T, s *sim, m *memos) {
		if n := len(s.calls); n < 6 || n > 8 {
			t.Errorf("%d attempts in three hours: %v", n, s.calls)
		}
		if len(m.texts) != 1 || !strings.HasPrefix(m.texts[0], "b.") {
			t.Errorf("memos %q", m.texts)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s, leases, m := fails(), &tags{}, &memos{}
		onceEvery(t, 2*time.Minute, 3*time.Hour, func() *loop.Loop { return remembering(s, leases, m) })
		check(t, s, m)
		s.addErr = nil // the cloud has room again: the pause ends, the workers come, nothing is left
		onceEvery(t, 2*time.Minute, 2*time.Hour, func() *loop.Loop { return remembering(s, leases, m) })
		if s.unfinished() != 0 || s.servers() != 0 || slices.ContainsFunc(m.texts, func(t string) bool { return strings.HasPrefix(t, "b.") }) {
			t.Errorf("unfinished %d, left %d, memos %q", s.unfinished(), s.servers(), m.texts)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, leases, m := fails(), &tags{}, &memos{}
		for range 18 {
			l := remembering(s, leases, m)
			running(t, l, 10*time.Minute)
			if err := l.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		check(t, s, m)
	})
}

// The scaler that runs when the grace of a deleted server is over looks for what the
// server left.
func TestRemainsOfServersThatAnEarlierScalerDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases, m := newSim(), &tags{}, &memos{}
		s.submit(8, 0, 10*time.Minute)
		onceEvery(t, 2*time.Minute, 90*time.Minute, func() *loop.Loop { return remembering(s, leases, m) })
		slices.Sort(s.collected)
		if s.servers() != 0 || fmt.Sprint(s.collected) != "[s0 s1]" {
			t.Errorf("%d servers left, looked for what %v left", s.servers(), s.collected)
		}
		if len(m.texts) != 1 || !strings.HasPrefix(m.texts[0], "s.") { // the size of a worker
			t.Errorf("memos %q", m.texts)
		}
		if m.most > 6 || m.calls > 12 {
			t.Errorf("%d memos at most, %d calls", m.most, m.calls)
		}
	})
	// Killed in the middle of the deletion, as by kill -9: the memo was there before.
	synctest.Test(t, func(t *testing.T) {
		s, leases, m := newSim(), &tags{}, &memos{}
		s.submit(4, 0, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		s.dieIn, s.die = "delete", cancel
		l := remembering(s, leases, m)
		_ = l.Run(ctx)
		_ = l.Release(t.Context())
		next := remembering(s, leases, m)
		running(t, next, 20*time.Minute)
		_ = next.Release(t.Context())
		if fmt.Sprint(s.collected) != "[s0]" {
			t.Errorf("looked for what %v left, memos %q", s.collected, m.texts)
		}
	})
}

// A scaler that only looks writes no memo.
func TestAPlanWritesNoMemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newSim(), &memos{}
		s.submit(8, 0, time.Hour)
		running(t, newLoop(s, 20), 10*time.Minute)
		l := remembering(s, &tags{}, m)
		if _, err := l.Look(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := l.Watch(t.Context()); err != nil {
			t.Error(err)
		}
		dry := remembering(s, &tags{}, m)
		dry.DryRun = true
		running(t, dry, 5*time.Minute)
		_ = dry.Release(t.Context())
		if m.calls > 0 {
			t.Errorf("memos %q", m.texts)
		}
	})
}

// reports counts how often readings take the report and how often they leave it.
type reports struct {
	mu          sync.Mutex
	kept, taken int
	takes       time.Duration
	err         error
	report      cluster.Report
	refused     string // why there is none
}

func (r *reports) Report(ctx context.Context, v cluster.View, keep bool) (cluster.View, error) {
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
		return v, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if keep {
		r.kept++
	} else {
		r.taken++
	}
	v.Report, v.HasReport, v.ReportRefused = r.report, r.refused == "", r.refused
	return v, r.err
}

// The front-end's report is for the scaler that acts: a scaler that waits leaves it.
func TestAStandbyLeavesTheReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases := newSim(), &tags{}
		start := func(name string) (*loop.Loop, *reports) {
			l, r := leased(s, leases, name), &reports{}
			l.Cluster, l.Reports = withFrontEnd{&clusterOf{sim: s}, leases}, r
			return l, r
		}
		first, acts := start("first")
		second, waits := start("second")
		done := make(chan struct{})
		go func() { running(t, first, 10*time.Minute); close(done) }()
		time.Sleep(5 * time.Second)
		running(t, second, 9*time.Minute)
		<-done
		if acts.kept != 1 || acts.taken < 50 {
			t.Errorf("the one that acts took %d reports and left %d", acts.taken, acts.kept)
		}
		if waits.taken != 0 || waits.kept < 50 {
			t.Errorf("the one that waits took %d reports and left %d", waits.taken, waits.kept)
		}
		_ = first.Release(t.Context())
		running(t, second, time.Minute)
		if waits.taken < 5 {
			t.Errorf("it took %d reports when it acted itself", waits.taken)
		}
		_ = second.Release(t.Context())
		third, once := start("once") // alone: the report in the slot may be old
		if _, err := third.Once(t.Context()); err != nil || once.taken < 5 || once.kept != 1 {
			t.Errorf("once took %d reports and left %d: %v", once.taken, once.kept, err)
		}
		_ = third.Release(t.Context())
	})
}
