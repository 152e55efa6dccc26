package terraform_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// The contract of every actuator that acts, by direct calls and through Terraform.
func TestContract(t *testing.T) {
	t.Parallel() // its stages run beside those of other tests
	for _, row := range []struct {
		name string
		of   func(s *stage) (actuator, func(context.Context) error)
	}{
		{"nova", func(s *stage) (actuator, func(context.Context) error) {
			return s.nova(), func(context.Context) error { return nil }
		}},
		{"terraform", func(s *stage) (actuator, func(context.Context) error) {
			tf := s.terraform(nil)
			return tf, tf.Wait
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, "")
			a, wait := row.of(s)
			contract{s, a, wait}.run(t)
		})
	}
}

type contract struct {
	*stage
	a    actuator
	wait func(context.Context) error
}

func (c contract) run(t *testing.T) {
	c.step(t, "new workers come, get the lowest free names, and join", func() error {
		return c.add(2)
	}, func(before, after map[string]string) {
		c.expect(t, after, "astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5")
		c.same(t, before, after)
		c.until("all have joined", func() bool { return len(c.guests.Joined()) == 5 })
	})
	c.step(t, "a mark removes no worker, and can be taken back", func() error {
		if err := c.mark(cluster.LeaveIdle, "astro-cpu-2", "astro-cpu-4"); err != nil {
			return err
		}
		c.until("they are drained", func() bool { return len(c.guests.Drained()) == 2 })
		return c.mark(cluster.Stays, "astro-cpu-4")
	}, func(before, after map[string]string) {
		c.same(t, before, after)
		if r := c.roster(); len(after) != 5 || r["astro-cpu-2"] != cluster.LeaveIdle || r["astro-cpu-4"] != cluster.Stays {
			t.Errorf("servers %v, roster %v", after, r)
		}
		c.until("it works again", func() bool { return c.guests.Accepts("astro-cpu-4") })
	})
	c.step(t, "a drained worker that is called back stays", func() error {
		return c.remove([]string{"astro-cpu-4"}, []string{"astro-cpu-4"})
	}, func(before, after map[string]string) {
		c.same(t, before, after)
		if r := c.roster(); len(after) != 5 || len(r) != 5 {
			t.Errorf("servers %v, roster %v", after, r)
		}
	})
	c.step(t, "a removed worker goes alone, and is forgotten", func() error {
		return c.remove([]string{"astro-cpu-2"}, []string{"astro-cpu-2"})
	}, func(before, after map[string]string) {
		c.expect(t, after, "astro-cpu-1", "astro-cpu-3", "astro-cpu-4", "astro-cpu-5")
		c.same(t, before, after)
		if r := c.roster(); len(r) != 4 {
			t.Errorf("roster %v", r)
		}
	})
	c.step(t, "one goes and others come in one round", func() error {
		if err := c.remove([]string{"astro-cpu-1"}, nil); err != nil {
			return err
		}
		return c.add(2)
	}, func(before, after map[string]string) {
		if len(after) != 5 || after["astro-cpu-1"] == before["astro-cpu-1"] {
			t.Errorf("servers %v became %v", before, after)
		}
		delete(before, "astro-cpu-1")
		delete(after, "astro-cpu-1") // the name may be taken again
		c.same(t, before, after)
		c.until("all have joined", func() bool { return len(c.guests.Joined()) == 5 })
	})
	c.step(t, "a name without a server is taken from the roster", func() error {
		server, _ := c.cloud.Server("astro-cpu-5")
		c.cloud.RemoveServer(server.ID)
		if _, err := c.a.Read(t.Context()); err != nil {
			return err
		}
		return c.forget("astro-cpu-5")
	}, func(_, after map[string]string) {
		if _, there := c.roster()["astro-cpu-5"]; there || len(after) != 4 {
			t.Errorf("servers %v, roster %v", after, c.roster())
		}
	})
	c.step(t, "an unknown name is no worker", func() error {
		return c.remove([]string{"astro-cpu-77"}, nil)
	}, func(before, after map[string]string) { c.same(t, before, after) })
	c.step(t, "all go", func() error {
		return c.remove(slices.Collect(maps.Keys(c.servers())), nil)
	}, func(_, after map[string]string) { c.expect(t, after) })
}

// step is one round: it reads the cluster, does something, and checks the servers.
func (c contract) step(t *testing.T, name string, do func() error, look func(before, after map[string]string)) {
	t.Helper()
	before := c.servers()
	if _, err := c.a.Read(t.Context()); err != nil {
		t.Fatalf("%s: read: %v", name, err)
	}
	if err := do(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := c.wait(t.Context()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c.settle(t)
	look(before, c.servers())
	if t.Failed() {
		t.Fatalf("in: %s", name)
	}
}

func (c contract) add(n int) error {
	_, err := c.a.Post(c.t.Context(), c.id, []actuate.Order{{Group: "cpu", Count: n}}, nil)
	return err
}

func (c contract) remove(names, drained []string) error {
	_, err := c.a.Remove(c.t.Context(), c.id, names, drained)
	return err
}

func (c contract) forget(names ...string) error {
	_, err := c.a.Forget(c.t.Context(), c.id, names)
	return err
}

// settle reads on until nothing is on its way, and takes the steps that later rounds take:
// workers with an address come into the roster, those without a server go.
func (c contract) settle(t *testing.T) {
	t.Helper()
	c.until("nothing is on its way", func() bool {
		v, err := c.a.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.a.Enrol(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		listed, settled := v.Document.Workers, true
		for _, n := range v.Nodes.Workers("") {
			settled = settled && v.Document.Enrolled(n) && n.Status == cluster.StatusActive
			listed = slices.DeleteFunc(slices.Clone(listed), func(m cluster.Member) bool { return m.Name == n.Name })
		}
		for _, m := range listed {
			if err := c.forget(m.Name); err != nil {
				t.Fatal(err)
			}
		}
		return settled && len(listed) == 0
	})
}

func (c contract) mark(how cluster.Leaving, names ...string) error {
	marks := map[string]cluster.Leaving{}
	for _, name := range names {
		marks[name] = how
	}
	return c.a.Mark(c.t.Context(), c.id, marks)
}

func (c contract) expect(t *testing.T, servers map[string]string, names ...string) {
	t.Helper()
	if got := slices.SortedFunc(maps.Keys(servers), cluster.CompareNames); !slices.Equal(got, names) {
		t.Errorf("servers %v, want %v", got, names)
	}
}

// same checks that workers that exist before and after have the same servers.
func (c contract) same(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, id := range after {
		if was, there := before[name]; there && was != id {
			t.Errorf("%s was made anew", name)
		}
	}
}
