package terraform_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/terraform"
)

func (s *stage) expectServers(names ...string) {
	s.t.Helper()
	if got := slices.SortedFunc(maps.Keys(s.servers()), cluster.CompareNames); !slices.Equal(got, names) {
		s.t.Errorf("servers %v, want %v", got, names)
	}
}

func (s *stage) expectFile(count int, retire ...string) {
	s.t.Helper()
	groups, err := s.file().Read()
	if g := groups["cpu"]; err != nil || g.Count != count || !slices.Equal(g.Retire, retire) {
		s.t.Errorf("the file says %v, %v; want %d without %v", groups, err, count, retire)
	}
}

// round reads the cluster and does something, as one round of the loop.
func (s *stage) round(a *terraform.Actuator, do func() error) error {
	s.t.Helper()
	if _, err := a.Read(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := do(); err != nil {
		return err
	}
	return a.Wait(s.t.Context())
}

// While another run holds the lock of a remote backend, the wish stays, and a person
// who applies carries it out. A worker that is called back is removed from the wish.
func TestLockAndHuman(t *testing.T) {
	backend := &lockable{}
	s := newStage(t, backend.serve(t))
	a := s.terraform(nil)
	remove := func(name string) func() error {
		return func() error {
			if err := a.Mark(t.Context(), s.id, map[string]cluster.Leaving{name: cluster.LeaveIdle}); err != nil {
				return err
			}
			s.until("it is drained", func() bool { return slices.Contains(s.guests.Drained(), name) })
			return a.Retire(t.Context(), s.id, []string{name}, nil)
		}
	}
	release := backend.hold()
	err := s.round(a, remove("astro-cpu-2"))
	if !errors.Is(err, terraform.ErrLocked) || !strings.Contains(err.Error(), "already locked: ID=9db590f1") {
		t.Errorf("with the lock held: %v", err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	s.expectFile(2, "astro-cpu-2")

	release()
	s.human("apply", "-auto-approve")
	s.expectServers("astro-cpu-1", "astro-cpu-3")
	s.expectNoDifference()

	// Another scaler begins. The lock stops its wish again, and then demand is back.
	a = s.terraform(nil)
	release = backend.hold()
	if err := s.round(a, remove("astro-cpu-1")); !errors.Is(err, terraform.ErrLocked) {
		t.Errorf("with the lock held: %v", err)
	}
	s.expectFile(1, "astro-cpu-1")
	if err := s.round(a, func() error {
		return a.Mark(t.Context(), s.id, map[string]cluster.Leaving{"astro-cpu-1": cluster.Stays})
	}); err != nil {
		t.Error(err)
	}
	s.expectFile(2)
	release()
	s.human("apply", "-auto-approve")
	s.expectServers("astro-cpu-1", "astro-cpu-3")
	s.until("it works again", func() bool { return s.guests.Accepts("astro-cpu-1") })

	// The wish is repeated, and the lock is free.
	a = s.terraform(nil)
	if err := s.round(a, func() error { return a.Add(t.Context(), s.id, "cpu", 1) }); err != nil {
		t.Error(err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	s.expectNoDifference()
	if backend.lock != nil || backend.lockers < 4 {
		t.Errorf("the lock was taken %d times, and is %q", backend.lockers, backend.lock)
	}
}

// Configurations that do not follow the file, and groups that are not Terraform's.
func TestUnsuitableConfiguration(t *testing.T) {
	s := newStage(t, "")
	add := func(group string) func(a *terraform.Actuator) error {
		return func(a *terraform.Actuator) error { return a.Add(t.Context(), s.id, group, 1) }
	}
	remove := func(a *terraform.Actuator) error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-1"}, nil) }
	for _, row := range []struct {
		name          string
		count, retire string
		do            func(a *terraform.Actuator) error
		want          error
		says          string
	}{
		{"a group with scaling", countOfFile, retireOfFile, add("gpu"), terraform.ErrNotOurs, `"scaling"`},
		{"a count of its own", "3", "[]", add("cpu"), terraform.ErrIgnored, `taken from variable "vmcluster_workers", and from scaler.auto.tfvars.json`},
		{"retire is another one's", countOfFile, `["astro-cpu-3"]`, remove, terraform.ErrRefused, "remove astro-cpu-3 and not astro-cpu-1; does the configuration pass retire on?"},
		{"the configuration removes more", `try(var.vmcluster_workers["cpu"].count, 3) - 1`, retireOfFile, remove, terraform.ErrRefused, "would remove astro-cpu-"},
		{"no configuration at all", "(", "[]", add("cpu"), nil, "plan: exit status 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.configure("", row.count, row.retire)
			before := s.servers()
			if err := os.Remove(s.file().Path); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			a := s.terraform(nil)
			err := s.round(a, func() error { return row.do(a) })
			if err == nil || row.want != nil && !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v", err)
			}
			if after := s.servers(); !maps.Equal(before, after) {
				t.Errorf("servers %v became %v", before, after)
			}
		})
	}
}

// The cloud refuses a part of a growth: the new workers stay, the failure is returned
// once with the cloud's words, and the next run makes the rest.
func TestGrowthInPart(t *testing.T) {
	s := newStage(t, "")
	a := s.terraform(nil)
	s.cloud.Fault(openstacktest.Fault{
		Method: "POST", Path: "/compute/servers", Status: 403, Times: -1,
		Match: func(body string) bool { return strings.Contains(body, "astro-cpu-5") },
		Body:  `{"forbidden": {"message": "Quota exceeded for instances: Requested 1, but already used 5 of 5 instances", "code": 403}}`,
	})
	add := func() error { return a.Add(t.Context(), s.id, "cpu", 2) }
	err := s.round(a, add)
	if !errors.Is(err, terraform.ErrShort) || !strings.Contains(err.Error(), "4 workers of 5") || !strings.Contains(err.Error(), "Quota exceeded") || cluster.KindOf(err) != cluster.FaultQuota {
		t.Errorf("%v, of kind %s", err, cluster.KindOf(err))
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4")
	s.expectFile(5) // the wish stays
	s.cloud.ClearFaults()
	s.human("apply", "-auto-approve")
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5")
}

// gate is a command line whose applies wait.
type gate struct {
	terraform.CLI
	plans   int
	applies int
	open    chan struct{}
	reached chan struct{}
}

func (g *gate) Plan(ctx context.Context, out string) (bool, error) {
	g.plans++
	return g.CLI.Plan(ctx, out)
}

func (g *gate) Show(ctx context.Context, plan string) (*tfjson.Plan, error) {
	return g.CLI.Show(ctx, plan)
}

func (g *gate) Apply(ctx context.Context, plan string) (string, error) {
	g.applies++
	if g.applies == 1 {
		close(g.reached)
		<-g.open
	}
	return g.CLI.Apply(ctx, plan)
}

// The wishes of several rounds during a run become one run. A worker that the current
// run removes can't be called back; another one can.
func TestWishesAreGathered(t *testing.T) {
	s := newStage(t, "")
	g := &gate{open: make(chan struct{}), reached: make(chan struct{})}
	a := s.terraform(func(o *terraform.Options) { g.CLI, o.CLI = o.CLI, g })
	do := func(f func() error) {
		t.Helper()
		if _, err := a.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	do(func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-3"}, nil) })
	<-g.reached
	for range 3 { // the same again, round after round, and more
		do(func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-3"}, nil) })
		do(func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-1", "astro-cpu-3"}, nil) })
		do(func() error {
			return a.Mark(t.Context(), s.id, map[string]cluster.Leaving{"astro-cpu-3": cluster.Stays, "astro-cpu-1": cluster.Stays})
		})
	}
	do(func() error {
		if err := a.Retire(t.Context(), s.id, []string{"astro-cpu-2", "astro-cpu-3"}, nil); err != nil {
			return err
		}
		return a.Add(t.Context(), s.id, "cpu", 2)
	})
	close(g.open)
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	// One run for the first wish, two for the last: cpu-2 leaves before others come.
	if g.applies != 3 {
		t.Errorf("%d applies, want 3", g.applies)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	s.expectNoDifference()
}

// A run is interrupted in the middle of a removal: the next scaler may remove the
// worker or call it back.
func TestCutShort(t *testing.T) {
	s := newStage(t, "")
	a := s.terraform(func(o *terraform.Options) { o.Timeout = 30 * time.Second })
	s.mu.Lock()
	s.busy["astro-cpu-2"] = true // its drain does not end
	s.mu.Unlock()
	err := s.round(a, func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-2"}, nil) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	if mark := s.roster()["astro-cpu-2"]; mark != cluster.LeaveJobsOK {
		t.Fatalf("mark %q: the run was interrupted too early to show anything", mark)
	}
	s.mu.Lock()
	s.busy["astro-cpu-2"] = false
	s.mu.Unlock()

	a = s.terraform(nil)
	v, err := a.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := v.Document.Member("astro-cpu-2"); m.Leaving != cluster.LeaveIdle {
		t.Errorf("it is shown as leaving by another's wish: %q", m.Leaving)
	}
	s.expectFile(2, "astro-cpu-2")
	if err := s.round(a, func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-2"}, nil) }); err != nil {
		t.Error(err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-3")
	s.expectNoDifference()
}
