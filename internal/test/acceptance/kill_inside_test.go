//go:build acceptance

package acceptance

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mostLate is how long Nova may take to carry out a request whose client has died.
const mostLate = 90 * time.Second

// TestKillLeavesOrphans kills the provider two seconds into a create of 8 workers, while
// its requests are under way, and applies again at once. Servers that appear after the
// second apply have to be named in the plan, and to be gone after the next apply. A last
// such create ends in a destroy right away.
func TestKillLeavesOrphans(t *testing.T) {
	n := number(t, "VMCLUSTER_ACC_KILL_WORKERS", 8)
	b := newBench(t, "vmcluster-acc-orphans")
	portsBefore := b.ports(t)
	for _, step := range []string{"apply", "destroy"} {
		b.want(t, n)
		if !b.killInside(t, 2*time.Second, "Creating...", "apply") {
			t.Fatal("the apply ended before it was killed")
		}
		killed := time.Now()
		t.Logf("killed with %d servers there", len(b.nodes(t.Context(), t)))
		b.apply(t)
		time.Sleep(time.Until(killed.Add(mostLate)))
		if step == "apply" {
			b.settle(t, n)
		}
		b.destroyAll(t, portsBefore)
	}
}

// TestKillInsideTheApply kills the provider at random moments inside creates, growths,
// shrinks and destroys, past their refreshes, and runs the same command again at once.
func TestKillInsideTheApply(t *testing.T) {
	rounds := number(t, "VMCLUSTER_ACC_KILL_ROUNDS", 20)
	seed := uint64(number(t, killSeed, int(time.Now().UnixNano()&0xffffff)))
	t.Logf("%s=%d", killSeed, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	b := newBench(t, "vmcluster-acc-inside")
	portsBefore := b.ports(t)
	const few, many = 2, 8
	kinds := []struct {
		name          string
		before, after int // workers; 0 is no cluster
		begins        string
		most          time.Duration // after which the provider is killed
	}{
		{"create", 0, many, "Creating...", 40 * time.Second},
		{"growth", few, many, "Modifying...", 20 * time.Second},
		{"shrink", many, few, "Modifying...", 15 * time.Second},
		{"destroy", many, 0, "Destroying...", 10 * time.Second},
	}
	for round := range rounds {
		k := kinds[round%len(kinds)]
		after := time.Duration(random.Int64N(int64(k.most)))
		t.Run(fmt.Sprintf("%s/%s", k.name, after.Round(100*time.Millisecond)), func(t *testing.T) {
			if k.before > 0 {
				b.want(t, k.before)
				b.apply(t)
			}
			command := "apply"
			if k.after > 0 {
				b.want(t, k.after)
			} else {
				command = "destroy"
			}
			was := b.killInside(t, after, k.begins, command)
			killed := time.Now()
			t.Logf("killed: %t; %d servers then", was, len(b.nodes(t.Context(), t)))
			if k.after > 0 {
				b.applyAgain(t)
				time.Sleep(time.Until(killed.Add(mostLate)))
				b.settle(t, k.after)
			}
			b.destroyAll(t, portsBefore)
		})
	}
}

// settle expects exactly a front-end and that many workers of one cluster. Where there
// are more servers, a plan has to name those of other clusters and show a difference,
// and one apply has to delete them.
func (b *bench) settle(t *testing.T, workers int) {
	t.Helper()
	if nodes := b.nodes(t.Context(), t); len(nodes) > workers+1 {
		t.Logf("late servers: %d", len(nodes)-workers-1)
		text, differs, err := b.cli.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !differs {
			t.Errorf("%d servers are too many, and the plan holds no difference", len(nodes)-workers-1)
		}
		for _, c := range nodes.Clusters() {
			if !c.Finished() && !strings.Contains(text, c[0].ClusterID) {
				t.Errorf("the plan does not name cluster %s with %v:\n%s", c[0].ClusterID, c.Names(), text)
			}
		}
		b.apply(t)
	}
	if nodes := b.expectServers(t, workers); len(nodes.Clusters()) != 1 {
		t.Errorf("servers of %d clusters, want one", len(nodes.Clusters()))
	}
	b.expectNoDifference(t)
}

// killInside runs the command line, and kills the provider with SIGKILL that long after
// a line with the word begins was written: the provider is inside its apply then. It
// reports whether there was a provider left to kill.
func (b *bench) killInside(t *testing.T, after time.Duration, begins, command string) bool {
	t.Helper()
	cmd := b.cli.Command(t.Context(), command, "-auto-approve", "-no-color")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(io.TeeReader(out, &said))
	for lines.Scan() && !strings.Contains(lines.Text(), begins) {
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines.Scan() {
		}
	}()
	killed := false
	select {
	case <-ended:
	case <-time.After(after):
		pid, err := providerOf(cmd.Process.Pid)
		killed = err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil
		<-ended
	}
	if err := cmd.Wait(); !killed && err != nil {
		t.Fatalf("%v:\n%s", err, said.String())
	}
	return killed
}
