//go:build acceptance

package acceptance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// leaseLeft is how often a killed scaler's lease is left to run out: once in five
// times. The other times the test removes the lease, as an operator can, because each
// wait takes two minutes.
const leaseLeft = 5

// longestLife is that of a scaler which is going to be killed, from the moment when
// it holds the lease.
const longestLife = 25 * time.Second

// TestScalerKilled kills the scaler with SIGKILL at 20 random moments, half of them
// while workers are made and half while they go, and starts it again each time.
// There are never two workers of one name in the pool nor more than wanted, every
// job runs to its end on its first start, and in the end there is nothing left.
// What is played is as in TestScalerGrowsAndShrinks.
func TestScalerKilled(t *testing.T) {
	killedAtRandom(t, newScaled(t, "vmcluster-acc-poolkill", newCondorPool(t)))
}

// TestSlurmScalerKilled is the same with a real Slurm.
func TestSlurmScalerKilled(t *testing.T) {
	killedAtRandom(t, newScaled(t, "vmcluster-acc-slurmkill", newSlurmPool(t)))
}

func killedAtRandom(t *testing.T, s *scaled) {
	t.Helper()
	kills := number(t, "VMCLUSTER_ACC_SCALER_KILLS", 20)
	seed := uint64(number(t, killSeed, int(time.Now().UnixNano()&0xffffff)))
	t.Logf("%s=%d", killSeed, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	length := s.length / 2 // they need not run at one time
	jobs := s.pool.submit(t, s.n, s.size, length)

	s.scaler.start(t)
	for i := range kills {
		if i == kills/2 {
			await(t, "jobs end", length+20*time.Minute, func() (string, bool) {
				ended, err := s.pool.ended(jobs)
				return fmt.Sprintf("none yet, %v; %s", err, phases(s.world.workers())), len(ended) > 0
			})
		}
		s.killed(t, random, i)
	}
	s.untilEmpty(t, jobs)
	s.end(t, jobs)
}

// killed waits until the scaler acts, kills it at a random moment of the next
// seconds, and starts another.
func (s *scaled) killed(t *testing.T, random *rand.Rand, i int) {
	t.Helper()
	fe, ok := s.nodes(t.Context(), t).FrontEnd()
	if !ok {
		t.Fatal("there is no front-end")
	}
	holder := ""
	await(t, "the scaler acts", 5*time.Minute, func() (string, bool) {
		leases, err := s.cloud.Leases(t.Context(), fe.ID)
		for _, text := range leases {
			if name, _, _ := strings.Cut(text, ":"); !s.dead[name] {
				holder = name
			}
		}
		return fmt.Sprintf("leases %v, %v", leases, err), holder != ""
	})
	life := time.Duration(random.Int64N(int64(longestLife)))
	time.Sleep(life)
	s.scaler.kill()
	s.dead[holder] = true
	t.Logf("kill %d: %s after it began to act, %s; there are %s", i+1, life.Round(100*time.Millisecond), holder, phases(s.world.workers()))
	if i%leaseLeft == leaseLeft-1 {
		t.Log("its lease is left to run out")
	} else {
		s.dropLease(t, fe.ID, holder)
	}
	s.scaler.start(t)
}

func (s *scaled) dropLease(t *testing.T, server, holder string) {
	t.Helper()
	leases, err := s.cloud.Leases(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range leases {
		if name, _, _ := strings.Cut(text, ":"); name != holder {
			continue
		}
		if err := s.cloud.DropLease(t.Context(), server, text); err != nil {
			t.Fatal(err)
		}
	}
}
