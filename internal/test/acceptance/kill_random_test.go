//go:build acceptance

package acceptance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killSeed names the environment variable that repeats a run.
const killSeed = "VMCLUSTER_ACC_KILL_SEED"

// TestKillAtRandomCalls kills the provider with SIGKILL when its k-th request has
// been answered, in the plan or in the apply, for ten random k: five of a create
// of 6 workers, five of a growth by 6. The next apply has to end with exactly
// what is configured, and a destroy with nothing.
func TestKillAtRandomCalls(t *testing.T) {
	rounds := number(t, "VMCLUSTER_ACC_KILL_ROUNDS", 10)
	seed := uint64(number(t, killSeed, int(time.Now().UnixNano()&0xffffff)))
	t.Logf("%s=%d", killSeed, seed)
	random := rand.New(rand.NewPCG(seed, 0))

	b := newBench(t, "vmcluster-acc-random")
	portsBefore := b.ports(t)
	const before, after = 2, 8
	// An undisturbed run shows how many requests there are to choose from.
	b.want(t, after-before)
	b.apply(t)
	create := b.calls(t)
	b.destroyAll(t, portsBefore)
	b.want(t, before)
	b.apply(t)
	b.calls(t)
	b.want(t, after)
	b.apply(t)
	growth := b.calls(t)
	b.destroyAll(t, portsBefore)
	t.Logf("a create takes %d requests, a growth %d", create, growth)

	for round := range rounds {
		grows := round%2 == 1
		what, workers, k := "create", after-before, 1+random.IntN(create)
		if grows {
			what, workers, k = "growth", after, 1+random.IntN(growth)
		}
		t.Run(fmt.Sprintf("%s/request=%d", what, k), func(t *testing.T) {
			if grows {
				b.want(t, before)
				b.apply(t)
				b.calls(t)
			}
			b.want(t, workers)
			start := time.Now()
			killed := b.killAfter(t, k)
			t.Logf("killed: %t, after %s; %d servers then", killed, time.Since(start).Round(time.Second), len(b.nodes(t.Context(), t)))
			b.applyAgain(t)
			ids := map[string]bool{}
			for _, n := range b.expectServers(t, workers) {
				ids[n.ClusterID] = true
			}
			if len(ids) != 1 {
				t.Errorf("servers of %d clusters, want one", len(ids))
			}
			b.expectNoDifference(t)
			b.destroyAll(t, portsBefore)
		})
	}
}

// applyAgain applies after a kill. A provider that was killed at the end of a create, after
// it had marked the cluster as finished and before Terraform had it in its state, leaves a
// cluster to import (docs/design.md, "When a process dies"): the error has to say which.
func (b *bench) applyAgain(t *testing.T) {
	t.Helper()
	_, err := b.cli.Apply(t.Context())
	if err == nil {
		return
	}
	there := b.nodes(t.Context(), t).Clusters()
	if len(there) != 1 || !there[0].Finished() || !strings.Contains(err.Error(), there[0][0].ClusterID) {
		t.Fatal(err)
	}
	t.Log("the cluster was finished, and Terraform does not have it: importing it")
	if _, err := b.cli.Run(t.Context(), "import", "-no-color", "vmcluster_cluster.test", there[0][0].ClusterID); err != nil {
		t.Fatal(err)
	}
	b.apply(t)
}

func (b *bench) destroyAll(t *testing.T, portsBefore int) {
	t.Helper()
	id := ""
	for _, n := range b.nodes(t.Context(), t) {
		id = n.ClusterID
	}
	if _, err := b.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expectNothing(t, id, portsBefore)
	if err := os.Truncate(b.log, 0); err != nil {
		t.Fatal(err)
	}
}

// killAfter applies, and kills the provider when its log shows k requests. It
// reports whether there was a provider left to kill.
func (b *bench) killAfter(t *testing.T, k int) bool {
	t.Helper()
	cmd := b.cli.Command(t.Context(), "apply", "-auto-approve", "-no-color")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	killed := make(chan bool, 1)
	go func() { killed <- b.watch(ended, cmd, k) }()
	err := cmd.Wait()
	cancel()
	was := <-killed
	if was && err == nil {
		t.Log("the apply had ended well before it was killed")
	}
	if !was && err != nil {
		t.Fatal(err)
	}
	return was
}

// watch kills the provider of cmd once k requests are in the log.
func (b *bench) watch(ended context.Context, cmd *exec.Cmd, k int) bool {
	for ended.Err() == nil {
		if requests, err := requestsIn(b.log); err == nil && len(requests) >= k {
			pid, err := providerOf(cmd.Process.Pid)
			return err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
