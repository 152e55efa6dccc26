package terraform_test

import (
	"context"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/terraform"
)

// meanwhile is a command line that does something else before its first plan or apply,
// as may happen while a run waits for the lock.
type meanwhile struct {
	terraform.CLI
	plan, apply func()
}

func (m *meanwhile) Plan(ctx context.Context, out string) (bool, error) {
	if do := m.plan; do != nil {
		m.plan = nil
		do()
	}
	return m.CLI.Plan(ctx, out)
}

func (m *meanwhile) Apply(ctx context.Context, plan string) (string, error) {
	if do := m.apply; do != nil {
		m.apply = nil
		do()
	}
	return m.CLI.Apply(ctx, plan)
}

func (s *stage) meanwhile(plan, apply func()) *terraform.Actuator {
	return s.terraform(func(o *terraform.Options) { o.CLI = &meanwhile{o.CLI, plan, apply} })
}

func (s *stage) humanApplies() { s.human("apply", "-auto-approve") }

// A person applies in the middle of a run, and so carries out the wish in the file: the
// run does not fail.
func TestAHumanIsFaster(t *testing.T) {
	s := newStage(t, "")
	a := s.meanwhile(s.humanApplies, nil)
	if err := s.round(a, func() error { return a.Add(t.Context(), s.id, "cpu", 1) }); err != nil {
		t.Errorf("growth, before the plan: %v", err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4")
	a = s.meanwhile(nil, s.humanApplies)
	if err := s.round(a, func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-2"}, nil) }); err != nil {
		t.Errorf("removal, before the apply: %v", err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-3", "astro-cpu-4")
	a = s.meanwhile(s.humanApplies, nil)
	if err := s.round(a, func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-1"}, nil) }); err != nil {
		t.Errorf("removal, before the plan: %v", err)
	}
	s.expectServers("astro-cpu-3", "astro-cpu-4")
	s.expectNoDifference()
}

// A worker is to leave because its server is broken. While the run waits, another
// apply, planned before the wish was written, makes the worker anew: it is another
// server, and may run a job by now.
func TestTheNameIsAnotherServersByNow(t *testing.T) {
	s := newStage(t, "")
	bad, _ := s.cloud.Server("astro-cpu-2")
	s.cloud.SetStatus(bad.ID, "SHUTOFF", "")
	a := s.meanwhile(func() {
		wish, err := s.file().Read()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.file().Write(map[string]terraform.Group{"cpu": {Count: 3, Retire: []string{}}}); err != nil {
			t.Fatal(err)
		}
		s.humanApplies()
		if err := s.file().Write(wish); err != nil {
			t.Fatal(err)
		}
	}, nil)
	if err := s.round(a, func() error { return a.Retire(t.Context(), s.id, []string{"astro-cpu-2"}, nil) }); err != nil {
		t.Error(err)
	}
	s.expectServers("astro-cpu-1", "astro-cpu-2", "astro-cpu-3")
	if now, _ := s.cloud.Server("astro-cpu-2"); now.ID == bad.ID {
		t.Fatal("it was not made anew, so nothing is proven")
	}
	s.expectFile(3)
	s.expectNoDifference()
}
