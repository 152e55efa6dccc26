package loop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/lease"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// tags are the tags of the front-end's server.
type tags struct {
	mu    sync.Mutex
	texts []string
}

func (s *tags) Leases(context.Context, string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts), nil
}

func (s *tags) AddLease(_ context.Context, _, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
	return nil
}

func (s *tags) DropLease(_ context.Context, _, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = slices.DeleteFunc(s.texts, func(t string) bool { return t == text })
	return nil
}

// withFrontEnd shows a cluster with the front-end's tags.
type withFrontEnd struct {
	*clusterOf
	tags *tags
}

func (c withFrontEnd) Read(ctx context.Context) (cluster.View, error) {
	v, err := c.clusterOf.Read(ctx)
	leases, _ := c.tags.Leases(ctx, "")
	v.Nodes = append(v.Nodes, cluster.Node{ID: "fe", Name: "astro-frontend", Role: cluster.RoleFrontEnd, Status: cluster.StatusActive, Leases: leases})
	return v, err
}

func leased(s *sim, t *tags, name string) *loop.Loop {
	l := newLoop(s, 20)
	l.Cluster, l.Lease = withFrontEnd{&clusterOf{sim: s}, t}, lease.New(t, name)
	return l
}

// Of two scalers on one cluster, one acts; the other waits, and acts when the first has
// ended, without making anything twice.
func TestTwoScalers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases := newSim(), &tags{}
		s.addTakes = 5 * time.Minute // far longer than the lease holds
		s.submit(40, 0, 20*time.Minute)
		var wg sync.WaitGroup
		first, second := leased(s, leases, "first"), leased(s, leases, "second")
		wg.Go(func() {
			running(t, first, 20*time.Minute)
			if err := first.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			time.Sleep(time.Second)
			running(t, second, 3*time.Hour)
			_ = second.Release(t.Context())
		})
		wg.Wait()
		if s.created != 10 || s.unfinished() != 0 || s.killed != 0 || s.servers() != 0 {
			t.Errorf("created %d, unfinished %d, killed %d, left %d", s.created, s.unfinished(), s.killed, s.servers())
		}
	})
}

// Once finds the lease of a scaler that was killed, waits until that is certain, and
// then acts.
func TestOnceAfterAKilledOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases := newSim(), &tags{texts: []string{"dead-12345:9:120"}}
		s.submit(4, 0, 10*time.Minute)
		l := leased(s, leases, "once")
		start := time.Now()
		r, err := l.Once(t.Context())
		if err != nil || len(r.Added) != 1 || r.Standby != "" {
			t.Errorf("added %v, standby %q, %v", r.Added, r.Standby, err)
		}
		if took := time.Since(start); took > 140*time.Second {
			t.Errorf("it took %s", took)
		}
		if err := l.Release(t.Context()); err != nil || len(leases.texts) > 0 {
			t.Errorf("left: %v, %v", leases.texts, err)
		}
	})
}

// Once waits until it is certain that the holder of the lease has died. It ends with an
// error if the cluster can no longer be read by then.
func TestOnceThatCanNoLongerRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases := newSim(), &tags{texts: []string{"dead-12345:9:120"}}
		l := leased(s, leases, "once")
		time.AfterFunc(65*time.Second, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.queueErr = errDown
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r, err := l.Once(ctx)
		if !errors.Is(err, errDown) || r.Unread != record.SourceQueue || ctx.Err() != nil {
			t.Errorf("record %+v, %v", r, err)
		}
	})
}

// Beside a scaler that runs, once does nothing and does not fail.
func TestOnceBesideAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases := newSim(), &tags{}
		s.submit(4, 0, 10*time.Minute)
		other := lease.New(leases, "runs")
		v, _ := withFrontEnd{&clusterOf{sim: s}, leases}.Read(t.Context())
		if standing, err := other.Hold(t.Context(), v, true); err != nil || !standing.Mine {
			t.Fatal(standing, err)
		}
		r, err := leased(s, leases, "once").Once(t.Context())
		if err != nil || r.Standby == "" || s.created != 0 {
			t.Errorf("standby %q, created %d, %v", r.Standby, s.created, err)
		}
		_ = other.Release(t.Context())
	})
}

// A plan takes no lease, also if it watches first.
func TestAPlanTakesNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, leases := newSim(), &tags{}
		l := leased(s, leases, "plan")
		if _, err := l.Look(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := l.Watch(t.Context()); err != nil {
			t.Error(err)
		}
		if len(leases.texts) > 0 {
			t.Errorf("tags %v", leases.texts)
		}
	})
}

// A stop in the middle of a round is not an error.
func TestAStopInTheMiddleOfAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := newSim()
		l := newLoop(s, 20)
		l.Cluster = hanging{}
		l.Log = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Info})
		running(t, l, 3*time.Second)
		if text := log.String(); strings.Contains(text, "[ERROR]") || strings.Contains(text, "canceled") || strings.Contains(text, "deadline") ||
			!strings.Contains(text, "stopped in the middle of a reading: nothing was decided") || !strings.Contains(text, "[INFO]  stopped\n") {
			t.Errorf("log:\n%s", text)
		}
	})
}

// hanging answers when the caller gives up.
type hanging struct{}

func (hanging) Read(ctx context.Context) (cluster.View, error) {
	<-ctx.Done()
	return cluster.View{}, fmt.Errorf("list servers: %w", ctx.Err())
}

// losing is a lease that is lost as soon as an action begins.
type losing struct{ *tags }

func (losing) Hold(context.Context, cluster.View, bool) (record.Standing, error) {
	return record.Standing{Mine: true}, nil
}

func (losing) While(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx, cancel
}

func (losing) Release(context.Context) error { return nil }

// cutShort makes no workers when its context has ended.
type cutShort struct{ *sim }

func (a cutShort) Post(ctx context.Context, id string, orders []actuate.Order, reserved []string) (actuate.Posted, error) {
	if ctx.Err() != nil {
		a.calls = append(a.calls, "cut short")
		return actuate.Posted{}, fmt.Errorf("create server: %w", ctx.Err())
	}
	return a.sim.Post(ctx, id, orders, reserved)
}

// An action that a takeover by another scaler cuts short is not a failure of the group:
// the scaler that acts next must not pause for it.
func TestALostLeaseIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		s.submit(4, 0, time.Minute)
		l := newLoop(s, 20)
		l.Actuator, l.Lease = cutShort{s}, losing{}
		running(t, l, 100*time.Second)
		if len(s.calls) < 3 {
			t.Errorf("calls %v: the group pauses", s.calls)
		}
	})
}
