//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// TestSlurmScalerStory is the life of a cluster with Slurm that begins without workers
// and whose scaler makes all of them. The chapters from the second to the fourth go
// together.
func TestSlurmScalerStory(t *testing.T) {
	s := begin(t, "meteor", cloudenv.BigFlavor)
	s.batch = slurm{}
	s.want.batch = `config = "MinJobAge=3600"`
	s.tell(t, []chapter{
		{"create a front-end alone", s.slurmFrontEndAlone},
		{"an array of six makes small workers", s.arrayOfSix},
		{"a job for the second group makes a worker of it", s.secondGroup},
		{"all leave when the queue is empty", s.allLeave},
		{"a job over two workers gets both at once", s.overTwo},
		{"a job whose worker is lost runs again", s.lostWorker},
		{"the parts of the way that are ours", s.oursIsShort},
		{"destroy", s.destroy},
	})
}

// The groups of the story. Two workers at once are the most that it boots.
const twoGroups = `big = {
      flavor   = %[1]q
      scaling  = { min = 0, max = 2 }
      metadata = { %[3]s = %[4]q }
    }
    small = {
      flavor   = %[2]q
      scaling  = { min = 0, max = 2 }
      metadata = { %[3]s = %[4]q }
    }`

func (s *story) slurmFrontEndAlone(t *testing.T) {
	s.want.groups = fmt.Sprintf(twoGroups, s.env[cloudenv.BigFlavor], s.env[cloudenv.Flavor], runMark, s.mark)
	s.create(t)
	s.pool(t)
}

// arrayOfSix submits an array that fills two small workers three times.
func (s *story) arrayOfSix(t *testing.T) {
	file := s.scalerFile(t, "array", direct(15*time.Second))
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	file.awaitLook(t)
	id := s.submitTask(t, 6, task{cpus: s.flavor(t, cloudenv.Flavor).VCPUs, memory: 64, group: "small", command: "sleep 20"})
	eventually(t, "the array has run", growth, func() (string, bool) { return s.unfinished(t) })
	s.ends(t, stop)
	s.ranOnce(t, id, 6)
	s.madeOnly(t, file, "meteor-small-1", "meteor-small-2")
}

// secondGroup submits a job that names the second group by a constraint.
func (s *story) secondGroup(t *testing.T) {
	s.grow(t, "big", "meteor-big-1", task{cpus: 1, memory: 64, group: "big", command: untilTold})
	s.end(t, s.tasks["meteor-big-1"], "meteor-big-1")
	eventually(t, "the job has ended", 2*time.Minute, func() (string, bool) { return s.unfinished(t) })
}

// allLeave waits until no worker is left.
func (s *story) allLeave(t *testing.T) {
	workers := s.workers(t)
	file := s.scalerFile(t, "leave", direct(15*time.Second))
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	s.awaitNoWorkers(t, file)
	s.ends(t, stop)
	s.nothingLeftOf(t, workers...)
}

// overTwo submits a job over two workers to a pool without any.
func (s *story) overTwo(t *testing.T) {
	file := s.scalerFile(t, "gang", direct(15*time.Second))
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	file.awaitLook(t)
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, group: "small", nodes: 2, command: "srun hostname; sleep 5"})
	eventually(t, "the job has run on both", growth, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, id, 1)
	s.ends(t, stop)
	s.madeOnly(t, file, "meteor-small-1", "meteor-small-2")
	for _, r := range file.read(t) {
		if n := len(r.Added); n != 0 && n != 2 {
			t.Errorf("a round made %v, want both or none", r.Added)
		}
	}
}

// lostWorker deletes the server of a worker under its job. The job runs again where a
// worker is free.
func (s *story) lostWorker(t *testing.T) {
	patient := strings.Replace(direct(15*time.Second), `idle_after      = "30s"`, `idle_after      = "10m"`, 1)
	file := s.scalerFile(t, "lost", patient) // so the other worker stays
	stop := s.startScaler(t, file)
	defer func() { s.ends(t, stop) }()
	file.awaitLook(t)
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, group: "small", command: "sleep 40"})
	var worker string
	eventually(t, "the job runs", 2*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.host(id))
		worker = out
		return out, err == nil && out != ""
	})
	lost, _ := s.servers(t).ByName(worker)
	if err := s.cloud.DeleteNode(t.Context(), lost.ID); err != nil {
		t.Fatal(err)
	}
	t.Logf("the server of %s is deleted at %s", worker, time.Now().Format(time.TimeOnly))
	var seen time.Time
	eventually(t, "Slurm has been told", 5*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.known(worker))
		if err == nil && !strings.Contains(out, "State=") || strings.Contains(out, "DOWN") {
			seen = time.Now()
		}
		return out, !seen.IsZero()
	})
	eventually(t, "the job runs again", 3*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.host(id))
		return out, err == nil && out != "" && out != worker
	})
	if again := time.Since(seen); again > time.Minute {
		t.Errorf("the job ran again %s after Slurm had been told", again.Round(time.Second))
	} else {
		t.Logf("the job ran again %s after Slurm had been told", again.Round(time.Second))
	}
	eventually(t, "the job has ended", 5*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ends(t, stop)
	file = s.scalerFile(t, "after", direct(15*time.Second))
	stop = s.startScaler(t, file)
	s.awaitNoWorkers(t, file)
	s.ends(t, stop)
	out := s.mustAsk(t, s.batch.tally())
	t.Logf("jobs ended, evicted, removed and held: %s", out)
	if want := fmt.Sprintf("%d 1 0 0", s.submitted); out != want {
		t.Errorf("%d jobs were submitted and one lost its worker; ended, evicted, removed and held: %s", s.submitted, out)
	}
	s.noDifference(t, "a plan afterwards")
}

// madeOnly expects a scaler to have made these workers and no other.
func (s *story) madeOnly(t *testing.T, file scalerFile, workers ...string) {
	t.Helper()
	var made []string
	for _, r := range file.read(t) {
		made = append(made, r.Added...)
		for _, a := range r.Add {
			t.Logf("add %d to group %s: %s", a.Count, a.Group, a.Reason)
		}
	}
	slices.Sort(made)
	if !slices.Equal(made, workers) {
		t.Errorf("the scaler made %v, want %v", made, workers)
	}
}
