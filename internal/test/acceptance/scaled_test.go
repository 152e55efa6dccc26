//go:build acceptance

package acceptance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/contract"
)

// scaled is a cluster whose one group belongs to a scaler, a real pool with a
// member for each of its servers, and the scaler.
type scaled struct {
	*bench
	pool   pool
	world  *world
	scaler *scaler
	size   workerSize
	n      int           // workers wanted
	length time.Duration // of a job
	id     string
	ports  int             // before
	dead   map[string]bool // holders of leases that were killed
}

// newScaled makes the cluster, with no worker yet. The bound of its group is twice the
// number of workers that the jobs need, so that the bound never limits it.
func newScaled(t *testing.T, name string, p pool) *scaled {
	t.Helper()
	n := number(t, "VMCLUSTER_ACC_POOL_WORKERS", 40)
	target, err := contract.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	s := &scaled{bench: newBench(t, name), pool: p, n: n, dead: map[string]bool{}}
	// A cloud that makes a worker in 10 s has made all before the first job ends.
	s.length = time.Duration(number(t, "VMCLUSTER_ACC_POOL_SECONDS", 90+10*n)) * time.Second
	flavor, err := s.cloud.ResolveFlavor(t.Context(), s.env[cloudenv.Flavor])
	if err != nil {
		t.Fatal(err)
	}
	s.size = workerSize{cpus: flavor.VCPUs, memory: flavor.RAM - flavor.RAM/32 - 64}
	if s.size.memory < 100 {
		t.Fatalf("%s: %s has %d MiB, of which no job could run; choose one with 256 or more", cloudenv.Flavor, flavor.Name, flavor.RAM)
	}
	s.ports = s.bench.ports(t)
	s.write(t, s.cli, s.env, wanted{
		groups: map[string]string{"cpu": fmt.Sprintf("scaling = { min = 0, max = %d }", 2*n)},
		more:   fmt.Sprintf("batch_system = { type = %q }", p.batchSystem()),
	})
	door := openFrontDoor(t, target.AuthURL)
	direct := s.cli.Env
	s.cli.Env = append(slices.Clone(direct), "OS_AUTH_URL="+door.authURL())
	s.apply(t)
	s.cli.Env = direct // the door closes before the cluster is cleaned up
	s.id = s.expectServers(t, 0)[0].ClusterID
	s.world = newWorld(t, s.bench, door, p, n, s.size)
	s.scaler = newScaler(t, s.cli.Dir, name, door.authURL(), p)
	return s
}

// untilRunning waits until so many jobs run at one time.
func (s *scaled) untilRunning(t *testing.T, jobs string, n int) {
	t.Helper()
	await(t, fmt.Sprintf("%d jobs run", n), s.length+10*time.Minute, func() (string, bool) {
		running, err := s.pool.running(jobs)
		if ended, _ := s.pool.ended(jobs); len(ended) > 0 && running < n {
			t.Fatalf("%d jobs ended before %d ran at one time: the cloud is too slow for them", len(ended), n)
		}
		return fmt.Sprintf("%d do, %v; %s", running, err, phases(s.world.workers())), running >= n
	})
}

// untilEmpty waits until all jobs are through and all workers gone.
func (s *scaled) untilEmpty(t *testing.T, jobs string) {
	t.Helper()
	await(t, "all jobs are through", s.length+30*time.Minute, func() (string, bool) {
		ended, err := s.pool.ended(jobs)
		return fmt.Sprintf("%d are, %v; %s", len(ended), err, phases(s.world.workers())), len(ended) == s.n
	})
	// A server that a killed scaler left is deleted after five minutes of one that lives.
	await(t, "all workers are gone", 20*time.Minute, func() (string, bool) {
		left, listed := s.world.workers(), s.world.roster()
		return fmt.Sprintf("%s; %d in the roster", phases(left), listed), len(left) == 0 && listed == 0
	})
}

// end stops the scaler, looks at what was left to see, and destroys the cluster.
func (s *scaled) end(t *testing.T, jobs string) {
	t.Helper()
	s.scaler.stop(t)
	s.pool.expectDone(t, jobs, s.n)
	s.world.expectOneEach(t)
	for _, id := range s.world.ids() {
		s.seen[id] = true
	}
	s.expectServers(t, 0)
	if owners := s.orphans(t); len(owners) > 0 {
		t.Errorf("ports of servers that are gone: %v", owners)
	}
	s.expectNoDifference(t)
	if _, err := s.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.expectNothing(t, s.id, s.ports)
}

// orphans are the servers that were seen and are gone, but have a port.
func (s *scaled) orphans(t *testing.T) []string {
	t.Helper()
	owners, err := s.cloud.ServerPorts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	live := map[string]bool{}
	for _, n := range s.nodes(t.Context(), t) {
		live[n.ID] = true
	}
	return slices.DeleteFunc(owners, func(id string) bool { return !s.seen[id] || live[id] })
}

// TestScalerGrowsAndShrinks has a real HTCondor pool and 40 jobs that fill a worker
// each. The built scaler makes 40 workers, all jobs run, and all workers go. In the
// middle the schedd is killed: no worker is removed until it is back.
//
// Real are HTCondor, OpenStack's APIs and the scaler; the servers need not boot.
// The test plays what runs in them: a worker joins the pool 5 s after its server
// is ACTIVE and leaves with it; the front-end reads the document, drains the marked
// workers, and reports. Its report goes through a proxy of the cloud (frontDoor),
// because only a server that boots reaches the password slot.
func TestScalerGrowsAndShrinks(t *testing.T) {
	growsAndShrinks(t, newScaled(t, "vmcluster-acc-pool", newCondorPool(t)))
}

// TestSlurmScalerGrowsAndShrinks is the same with a real Slurm. In the middle slurmctld is
// killed.
func TestSlurmScalerGrowsAndShrinks(t *testing.T) {
	growsAndShrinks(t, newScaled(t, "vmcluster-acc-slurm", newSlurmPool(t)))
}

// TestGridEngineGrowsAndShrinks is the same with a real Grid Engine, which the scaler reads
// by the program of examples/queues/gridengine on a cluster without a batch system. The
// scaler drains the workers and has Grid Engine forget them. Among the jobs is one of a
// parallel environment over two hosts. In the middle sge_qmaster is killed.
func TestGridEngineGrowsAndShrinks(t *testing.T) {
	growsAndShrinks(t, newScaled(t, "vmcluster-acc-sge", newGridEnginePool(t)))
}

func growsAndShrinks(t *testing.T, s *scaled) {
	t.Helper()
	s.scaler.start(t)
	await(t, "the scaler reads an empty queue", 2*time.Minute, func() (string, bool) {
		return "", s.scaler.says(0, "started")
	})
	submitted := time.Now()
	jobs := s.pool.submit(t, s.n, s.size, s.length)
	s.untilRunning(t, jobs, s.n/2)
	s.outage(t)
	s.untilRunning(t, jobs, s.n)
	s.untilEmpty(t, jobs)
	ended, err := s.pool.ended(jobs)
	if err != nil {
		t.Fatal(err)
	}
	s.world.times(t, submitted, s.scaler.decided(t), ended)
	s.end(t, jobs)
	if made := len(s.world.lives); made != s.n || s.world.peak != s.n {
		t.Errorf("%d servers were made, and %d were there at one time, for %d jobs", made, s.world.peak, s.n)
	}
}

// outage kills the daemon that has the queue, and starts it again after some rounds of the scaler.
func (s *scaled) outage(t *testing.T) {
	from, at := s.scaler.lines(), time.Now()
	s.pool.stop(t)
	t.Log("the daemon that has the queue is killed")
	await(t, "the scaler says that it cannot read the queue", 10*time.Minute, func() (string, bool) { // it may be making workers
		return "", s.scaler.says(from, "nothing is done in this round: read the queue")
	})
	time.Sleep(20 * time.Second)
	s.pool.start(t)
	await(t, "the scaler reads the queue again", 3*time.Minute, func() (string, bool) {
		return "", s.scaler.says(from, "cluster and queue can be read again")
	})
	if n := s.world.goneSince(at); n > 0 {
		t.Errorf("%d workers were removed while the queue was away", n)
	}
	unread, marked := 0, 0
	for _, r := range s.scaler.rounds(t) {
		switch {
		case r.Time.Before(at):
		case r.Error != "":
			unread++
		case len(r.Drain)+len(r.Remove) > 0:
			marked++
		}
	}
	if unread == 0 || marked > 0 {
		t.Errorf("of the rounds since the queue was killed %d could not read, and %d removed somebody; want some, and none", unread, marked)
	}
	t.Logf("%d rounds could not read", unread)
}
