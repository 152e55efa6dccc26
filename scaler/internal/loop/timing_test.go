package loop_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// slow is a world in which each call takes its own time.
type slow struct {
	*sim
	cluster, queue, marks, deletions, creations, lease, memos, write time.Duration
}

func (s *slow) Mark(ctx context.Context, id string, marks map[string]cluster.Leaving) error {
	time.Sleep(s.marks)
	return s.sim.Mark(ctx, id, marks)
}

func (s *slow) Remove(ctx context.Context, id string, names, drained []string) ([]string, error) {
	time.Sleep(s.deletions)
	return s.sim.Remove(ctx, id, names, drained)
}

func (s *slow) Post(ctx context.Context, id string, orders []actuate.Order, reserved []string) (actuate.Posted, error) {
	time.Sleep(s.creations)
	return s.sim.Post(ctx, id, orders, reserved)
}

func (s *slow) Hold(context.Context, cluster.View, bool) (record.Standing, error) {
	time.Sleep(s.lease)
	return record.Standing{Mine: true}, nil
}

func (s *slow) While(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func (s *slow) Release(context.Context) error { return nil }

// AddMemo takes the time of all memos of a round.
func (s *slow) AddMemo(context.Context, string, string) error {
	time.Sleep(s.memos)
	return nil
}

func (s *slow) DropMemo(context.Context, string, string) error { return nil }

func (s *slow) Record(record.Record) error {
	time.Sleep(s.write)
	return nil
}

// reader reads a source after a time.
type reader[T any] struct {
	takes *time.Duration
	read  func(ctx context.Context) (T, error)
}

func (r reader[T]) Read(ctx context.Context) (T, error) {
	select {
	case <-time.After(*r.takes):
		return r.read(ctx)
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func newSlow() (*slow, *loop.Loop) {
	s := &slow{sim: newSim()}
	s.look, s.firstLook = 0, 0
	l := newLoop(s.sim, 4)
	l.Cluster = reader[cluster.View]{&s.cluster, l.Cluster.Read}
	l.Queue = reader[queue.Snapshot]{&s.queue, l.Queue.Read}
	l.Actuator, l.Lease, l.Memos, l.Records = s, s, s, s
	l.Policy.ScaleOutAfter = 0
	return s, l
}

// The record of a round has the time of each part by its name, and together they are the
// round.
func TestTheRecordHasTheTimeOfEachPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSlow()
		s.cluster, s.queue, s.lease, s.creations, s.write = 2*time.Second, 3*time.Second, 500*time.Millisecond, 7*time.Second, 250*time.Millisecond
		s.submit(4, 0, time.Minute)
		r, err := l.Tick(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		want := record.PartSeconds{record.PartCluster: 2, record.PartQueue: 3, record.PartLease: 0.5, record.PartCreations: 7}
		same(t, r, want, 12.5)
		s.creations = 0
		r, err = l.Tick(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		// The record of the round before was written after its own times were known.
		same(t, r, record.PartSeconds{record.PartCluster: 2, record.PartQueue: 3, record.PartLease: 0.5, record.PartRecord: 0.25}, 5.5)
	})
}

// same compares the times of a record's parts and its whole.
func same(t *testing.T, r record.Record, want record.PartSeconds, whole float64) {
	t.Helper()
	for _, p := range record.RoundParts {
		if math.Abs(r.PartSeconds[p]-want[p]) > 0.001 {
			t.Errorf("%s took %v s, want %v: %v", p, r.PartSeconds[p], want[p], r.PartSeconds)
		}
	}
	if len(r.PartSeconds) != len(want) || math.Abs(r.Seconds-whole) > 0.001 {
		t.Errorf("the round took %v s, want %v; parts %v", r.Seconds, whole, r.PartSeconds)
	}
}

// follower keeps what it gets of running rounds.
type follower struct {
	mu      sync.Mutex
	parts   []record.Part // "" between two rounds
	overdue []record.Progress
}

func (f *follower) Running(p record.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts = append(f.parts, p.Part)
}

func (f *follower) Overdue(p record.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overdue = append(f.overdue, p)
}

func (f *follower) latest() record.Part {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.parts[len(f.parts)-1]
}

func (f *follower) alarms() []record.Progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.overdue)
}

// followed lets a loop log and show its rounds.
func followed(l *loop.Loop) (*follower, *lines) {
	f, out := &follower{}, &lines{}
	l.Followers = []loop.Follower{f}
	l.Log = hclog.New(&hclog.LoggerOptions{Output: out, Level: hclog.Warn, DisableTime: true})
	return f, out
}

// lines are the lines of a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

// A round that is under way is followed from part to part.
func TestARoundIsFollowedFromPartToPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSlow()
		f, _ := followed(l)
		s.submit(4, 0, time.Minute)
		if _, err := l.Tick(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		at := -1
		for _, p := range []record.Part{record.PartCluster, record.PartQueue, record.PartProject, record.PartDecide, record.PartLease, record.PartRecord, record.PartCreations, record.PartRecord, ""} {
			next := slices.Index(f.parts[at+1:], p)
			if next < 0 {
				t.Fatalf("%q does not follow: %q", p, f.parts)
			}
			at += 1 + next
		}
		if f.latest() != "" || len(f.alarms()) != 0 {
			t.Errorf("after the round: %q, alarms %v", f.latest(), f.alarms())
		}
	})
}
