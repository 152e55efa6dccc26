//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// TestScalerStory is the life of a cluster that begins without workers and whose
// scaler makes all of them: of two sizes, by direct calls; by runs of Terraform;
// and by `once` from cron. Three workers at once are the most that it runs.
//
// Each chapter starts a scaler of its own, which knows nothing of the one before.
// The second to the fifth go together, and so does the last but one with the
// second and the third.
func TestScalerStory(t *testing.T) {
	s := begin(t, "quasar", cloudenv.BigFlavor)
	s.tell(t, []chapter{
		{"create a front-end alone", s.frontEndAlone},
		{"a job that only the big flavor fits makes a big worker", s.bigJob},
		{"a small job makes a small worker", s.smallJob},
		{"a job calls a worker back that was asked to leave, while another one is built", s.calledBack},
		{"all workers leave when the queue is empty", s.bigAndSmallLeave},
		{"growth and shrink through terraform", s.throughTerraform},
		{"once from cron", s.cron},
		{"the parts of the way that are ours", s.oursIsShort},
		{"destroy", s.destroy},
	})
}

// The workers of the story.
const (
	bigWorker     = "quasar-big-1"
	secondBig     = "quasar-big-2"
	smallWorker   = "quasar-small-1"
	plannedWorker = "quasar-planned-1"
)

// Two groups are the scaler's own, with bounds in the cluster. The number of the
// third stands in the variables file.
const threeGroups = `big = {
      flavor   = %[1]q
      scaling  = { min = 0, max = 2 }
      metadata = { %[3]s = %[4]q }
    }
    small = {
      flavor   = %[2]q
      scaling  = { min = 0, max = 2 }
      metadata = { %[3]s = %[4]q }
    }
    planned = {
      flavor   = %[2]q
      count    = try(var.vmcluster_workers["planned"].count, 0)
      retire   = try(var.vmcluster_workers["planned"].retire, [])
      metadata = { %[3]s = %[4]q }
    }`

const workersVariable = `
variable "vmcluster_workers" {
  type    = map(object({ count = number, retire = set(string) }))
  default = {}
}
`

func (s *story) frontEndAlone(t *testing.T) {
	if err := s.cli.Write("variables.tf", workersVariable); err != nil {
		t.Fatal(err)
	}
	s.want.groups = fmt.Sprintf(threeGroups, s.env[cloudenv.BigFlavor], s.env[cloudenv.Flavor], runMark, s.mark)
	s.create(t)
}

const hold = 30 * time.Second

// direct is how the scaler acts by direct calls; recheck is the time between a
// worker's end of service and its deletion.
func direct(recheck time.Duration) string {
	return fmt.Sprintf(`
policy {
  interval        = "10s"
  scale_out_after = %q
  idle_after      = "30s"
  drain_recheck   = %q
}

actuator "nova" {}
`, hold, recheck)
}

// growth is how long a worker may take from its decision to its first job: boots
// under emulation share the machine.
const growth = 20 * time.Minute

// bigJob submits a job with more memory than the small flavor has. It takes all
// CPUs of the worker, so that a small one finds no place beside it.
func (s *story) bigJob(t *testing.T) {
	s.grow(t, "big", bigWorker, s.bigTask(t))
}

func (s *story) bigTask(t *testing.T) task {
	t.Helper()
	return task{cpus: s.flavor(t, cloudenv.BigFlavor).VCPUs, memory: s.flavor(t, cloudenv.Flavor).RAM + 1, command: untilTold}
}

// smallJob submits a job that fits both flavors; a big worker would waste half of its
// CPUs.
func (s *story) smallJob(t *testing.T) {
	s.grow(t, "small", smallWorker, task{cpus: 1, memory: 64, command: untilTold})
}

// grow submits a job to a pool without room for it and expects this one worker,
// and no other, to be made for it; a worker without a job may leave beside that.
func (s *story) grow(t *testing.T, group, worker string, job task) {
	t.Helper()
	before := s.workers(t)
	file := s.scalerFile(t, "grow-"+group, direct(15*time.Second))
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	file.awaitLook(t)
	id := s.submitTask(t, 1, job)
	// Each question of the test's own takes the front-end's one CPU for seconds: while the
	// worker joins, the scaler's records tell when the job waits no longer.
	eventually(t, "no job waits", growth, func() (string, bool) { return file.last(t), file.served(t, worker) })
	s.startedOn(t, id, worker, time.Minute)
	s.follow(t, file, id, worker)
	s.tasks[worker] = id
	s.ends(t, stop)

	var made []string
	for _, r := range file.read(t) {
		made = append(made, r.Added...)
		for _, a := range r.Add {
			t.Logf("add %d to group %s: %s", a.Count, a.Group, a.Reason)
			if a.Group != group {
				t.Errorf("%d workers were wanted of group %s", a.Count, a.Group)
			}
		}
	}
	left := func(name string) bool { return !slices.Contains(s.workers(t), name) }
	idle := func(name string) bool { return s.tasks[name] == "" } // such a one may have left meanwhile
	want := slices.DeleteFunc(slices.Concat(before, []string{worker}), func(name string) bool { return idle(name) && left(name) })
	slices.SortFunc(want, cluster.CompareNames)
	if now := s.workers(t); !slices.Equal(made, []string{worker}) || !slices.Equal(now, want) {
		t.Errorf("workers %v became %v, of which the scaler made %v; want %v", before, now, made, want)
	}
	s.madeBy(t, worker, cluster.OwnerScaler)
}

// calledBack waits until the front-end has closed an idle worker, has a second big worker
// be made, and submits a small job while that one is being built and booted.
func (s *story) calledBack(t *testing.T) {
	server := s.ids(t)[smallWorker]
	s.end(t, s.tasks[smallWorker], smallWorker)
	file := s.scalerFile(t, "back", direct(5*time.Minute)) // time for the jobs to come
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	eventually(t, smallWorker+" is asked to leave", 5*time.Minute, func() (string, bool) {
		return file.last(t), slices.ContainsFunc(file.read(t), func(r record) bool { return r.Drain.has(smallWorker) })
	})
	eventually(t, "the front-end has closed it: it is out of the pool", 3*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.members())
		return out, err == nil && out == bigWorker
	})
	s.tasks[secondBig] = s.submitTask(t, 1, s.bigTask(t))
	eventually(t, "a second big worker is asked for", 3*time.Minute, func() (string, bool) {
		return file.last(t), slices.ContainsFunc(file.read(t), func(r record) bool { return slices.Contains(r.Added, secondBig) })
	})
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, command: untilTold})
	s.startedOn(t, id, smallWorker, 5*time.Minute)
	s.tasks[smallWorker] = id
	if out := s.mustAsk(t, s.batch.members()); strings.Contains(out, secondBig) {
		t.Errorf("%s was ready before %s ran a job again: %s", secondBig, smallWorker, out)
	}
	s.startedOn(t, s.tasks[secondBig], secondBig, growth)
	s.ends(t, stop)

	back := false
	var made []string
	for _, r := range file.read(t) {
		for _, step := range r.Undrain {
			t.Logf("%s is called back: %s", step.Worker, step.Reason)
			back = back || step.Worker == smallWorker
		}
		if len(r.Remove) > 0 || len(r.Discard) > 0 {
			t.Errorf("something was removed: %+v", r)
		}
		made = append(made, r.Added...)
	}
	if now := s.ids(t)[smallWorker]; !back || now != server {
		t.Errorf("called back: %t; server %s became %s", back, server, now)
	}
	if !slices.Equal(made, []string{secondBig}) {
		t.Errorf("made %v, want %s alone", made, secondBig)
	}
	s.ranOnSince(t, id, smallWorker)
}

// ranOnSince expects that a job that runs was started once, and never elsewhere.
func (s *story) ranOnSince(t *testing.T, submission, worker string) {
	t.Helper()
	if out := s.mustAsk(t, s.batch.once(submission)); out != "once" {
		t.Errorf("job %s on %s was started more than once, or elsewhere: %q", submission, worker, out)
	}
}

// bigAndSmallLeave ends the jobs and waits until all workers are gone.
func (s *story) bigAndSmallLeave(t *testing.T) {
	all := []string{bigWorker, secondBig, smallWorker}
	for _, worker := range all {
		s.end(t, s.tasks[worker], worker)
	}
	file := s.scalerFile(t, "leave", direct(15*time.Second))
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	eventually(t, "the queue is empty", 3*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.awaitNoWorkers(t, file)
	s.ends(t, stop)
	s.nothingLeftOf(t, all...)
}

// awaitNoWorkers waits until the scaler has taken all workers away and has forgotten them.
func (s *story) awaitNoWorkers(t *testing.T, file scalerFile) {
	t.Helper()
	eventually(t, "no worker is left", 10*time.Minute, func() (string, bool) {
		servers := s.servers(t)
		v, err := cluster.ViewOf(servers)
		now := servers.Workers("").Names()
		return fmt.Sprint(now, err, len(v.Document.Workers), file.last(t)), err == nil && len(now)+len(v.Document.Workers) == 0
	})
}

// nothingLeftOf expects that workers are forgotten, that no job lost its worker,
// and that the state agrees.
func (s *story) nothingLeftOf(t *testing.T, workers ...string) {
	t.Helper()
	s.pool(t)
	for _, name := range workers {
		eventually(t, name+" is forgotten", time.Minute, func() (string, bool) {
			out, _, err := s.fe.run(t.Context(), "grep -cw "+name+" /etc/hosts || true")
			return out, err == nil && out == "0"
		})
		s.forgotten(t, name)
	}
	s.noneEvicted(t)
	s.noDifference(t, "a plan afterwards")
}

// ends stops a scaler, and expects that it logged no error.
func (s *story) ends(t *testing.T, stop func() error) {
	t.Helper()
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// madeBy expects a worker's server to name its maker.
func (s *story) madeBy(t *testing.T, worker, owner string) {
	t.Helper()
	if n, there := s.servers(t).ByName(worker); !there || n.Owner != owner {
		t.Errorf("%s is there: %t, and was made by %q, want %q", worker, there, n.Owner, owner)
	}
}

func (s *story) flavor(t *testing.T, variable string) openstack.Flavor {
	t.Helper()
	f, err := s.cloud.ResolveFlavor(t.Context(), s.env[variable])
	if err != nil {
		t.Fatal(err)
	}
	return f
}
