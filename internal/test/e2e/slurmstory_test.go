//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// TestSlurmStory is one cluster's life with Slurm on a real cloud with servers that boot.
func TestSlurmStory(t *testing.T) {
	s := begin(t, "comet")
	s.batch = slurm{}
	s.want.batch = `config = "MinJobAge=3600"`
	s.tell(t, []chapter{
		{"create a front-end and two workers", func(t *testing.T) { s.want.workers = 2; s.create(t) }},
		{"every node trusts every node", func(t *testing.T) { s.trusts(t, s.workers(t)...) }},
		{"a job runs on one worker and one on both", s.oneAndBoth},
		{"MPI programs run on both workers", s.mpi},
		{"no secret where none belongs", s.secrets},
		{"slurmctld is restarted under a running job", s.restartController},
		{"own lines of the configuration change under a running job", s.newLines},
		{"grow to three", func(t *testing.T) {
			s.want.workers = 3
			s.apply(t)
			s.trusts(t, "comet-cpu-1", "comet-cpu-2", "comet-cpu-3")
			s.pool(t, "comet-cpu-1", "comet-cpu-2", "comet-cpu-3")
		}},
		{"shrink to two by name under a running job", s.retireBusy},
		{"workers are replaced in turn under running jobs", s.rollingReplacement},
		{"the front-end is replaced", s.newFrontEnd},
		{"destroy", s.destroy},
	})
}

// oneAndBoth runs a job on a worker, one on two of them, and srun by hand.
func (s *story) oneAndBoth(t *testing.T) {
	workers := s.workers(t)
	s.pool(t, workers...)
	s.runJobs(t, 1, 1)
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, nodes: 2, command: "srun hostname; sleep 2"})
	eventually(t, "the job over two workers has run", 3*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, id, 1)
	out := s.fe.must(t, "cd ~; srun --nodes=2 hostname | sort")
	s.submitted++
	if got := strings.Fields(out); !slices.Equal(got, workers) {
		t.Errorf("srun -N2 hostname printed %q, want %v", got, workers)
	}
}

// mpi builds the program of the examples on the front-end and submits both of its jobs, as
// their page says: one is started by srun, the other by mpirun through the cluster's SSH.
func (s *story) mpi(t *testing.T) {
	workers := s.workers(t)
	script := "mkdir -p ~/mpi && cd ~/mpi\n"
	for _, name := range []string{"hello.c", "srun.sh", "mpirun.sh"} {
		text, err := os.ReadFile("../../../examples/mpi/" + name)
		if err != nil {
			t.Fatal(err)
		}
		script += fmt.Sprintf("base64 -d >%s <<'X'\n%s\nX\n", name, base64.StdEncoding.EncodeToString(text))
	}
	s.fe.must(t, script+"mpicc -O2 -Wall -o hello hello.c")
	for _, job := range []string{"srun.sh", "mpirun.sh"} {
		out := s.fe.must(t, "cd ~/mpi && rm -f hello-*.out; sbatch --wait "+job+"; tail -n +1 hello-*.out")
		s.submitted++
		t.Logf("%s:\n%s", job, out)
		for _, worker := range workers { // Slurm lists them in the order in which they have registered
			if strings.Count(out, "of 2 on "+worker+"\n") != 1 {
				t.Errorf("%s: not one process of 2 on %s", job, worker)
			}
		}
		if !strings.Contains(out, "sum 1, expected 1") {
			t.Errorf("%s: the processes have not reached each other", job)
		}
	}
}

// restartController restarts the controller under a running job, which goes on.
func (s *story) restartController(t *testing.T) {
	worker := s.workers(t)[0]
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, command: untilTold})
	eventually(t, "the job runs", 2*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.host(id))
		worker = out
		return out, err == nil && out != ""
	})
	s.mustAsk(t, "systemctl restart slurmctld")
	s.startedOn(t, id, worker, 2*time.Minute)
	s.ranOnSince(t, id, worker)
	s.end(t, id, worker)
	eventually(t, "the job has ended", 2*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, id, 1)
	s.pool(t, s.workers(t)...)
}

// newLines changes the cluster's own lines of the configuration: no node is made anew,
// and a running job goes on.
func (s *story) newLines(t *testing.T) {
	before := s.ids(t)
	id := s.submitTask(t, 1, task{cpus: 1, memory: 64, command: untilTold})
	var worker string
	eventually(t, "the job runs", 2*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.host(id))
		worker = out
		return out, err == nil && out != ""
	})
	s.want.batch = `config = "MinJobAge=3600\nInactiveLimit=600"`
	s.apply(t)
	eventually(t, "the controller has the line", time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), "scontrol show config | grep ^InactiveLimit")
		return out, err == nil && strings.Contains(out, "600")
	})
	if after := s.ids(t); !maps.Equal(after, before) {
		t.Errorf("servers %v became %v", before, after)
	}
	s.startedOn(t, id, worker, time.Minute)
	s.ranOnSince(t, id, worker)
	s.end(t, id, worker)
	eventually(t, "the job has ended", 2*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, id, 1)
}

// retireBusy names a worker that runs a job as the one that leaves: it finishes the job.
func (s *story) retireBusy(t *testing.T) {
	// All workers get a job, so that the named one has one. The jobs end once it is seen to
	// drain: how long that takes depends on the cloud.
	id := s.submitTask(t, 3, task{cpus: s.flavor(t, cloudenv.Flavor).VCPUs, memory: 64, command: untilTold})
	eventually(t, "each worker runs a job", 3*time.Minute, func() (string, bool) {
		out, err := s.ask(t.Context(), s.batch.busy())
		return out, err == nil && len(strings.Fields(out)) == 3
	})
	s.want.workers, s.want.retire = 2, []string{"comet-cpu-2"}
	var workers []host
	for _, name := range s.workers(t) {
		workers = append(workers, s.operatorOn(t, name))
	}
	drains := s.watchDrains(t, func(ctx context.Context, name string) {
		for _, w := range workers {
			if _, _, err := w.run(ctx, "sudo -n touch /srv/over-"+id); err != nil {
				t.Errorf("end the jobs once %s drains: %v", name, err)
			}
		}
	})
	s.apply(t)
	if !drains()["comet-cpu-2"] {
		t.Error("comet-cpu-2 was not seen draining under a running job, so nothing is proven")
	}
	s.trusts(t, "comet-cpu-1", "comet-cpu-3")
	s.pool(t, "comet-cpu-1", "comet-cpu-3")
	s.forgotten(t, "comet-cpu-2")
	eventually(t, "the jobs are done", 5*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, id, 3)
	s.noneEvicted(t)
}
