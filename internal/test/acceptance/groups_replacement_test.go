//go:build acceptance

package acceptance

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// batch is how many workers are replaced at a time: three batches in all, or a
// little more.
func (l *life) batch() int { return (l.each + 1 + 2) / 3 }

// replaces wants the workers of cpu made of something else, batch by batch.
func (l *life) replaces(note string) {
	l.want.more = fmt.Sprintf("batch_system = { type = \"htcondor\" }\n  replacement = { strategy = \"rolling\", max_unavailable = %d }", l.batch())
	l.want.groups["cpu"] = fmt.Sprintf("count = %d\nserver_group = { policy = \"soft-anti-affinity\" }\nfiles = { \"/etc/motd\" = %q }", l.each+1, note)
}

// replacement makes each worker of a group anew, and never has more of them away
// than max_unavailable. No worker is drained: an apply that waits for ACTIVE servers
// only asks no front-end.
func (l *life) replacement(t *testing.T) {
	before := l.nodes(t.Context(), t)
	l.replaces("one")
	least := l.fewest(t, func() { l.applied(t) })
	if most := l.batch(); least < l.each+1-most {
		t.Errorf("only %d of %d workers were ACTIVE at one moment, %d may be away", least, l.each+1, most)
	}
	t.Logf("%d batches of %d, %d ACTIVE at least", (l.each+l.batch())/l.batch(), l.batch(), least)
	expectUntouched(t, before, l.expectServers(t, len(before)-1), before.Workers("cpu").Names()...)
	l.expectServerGroups(t, map[string]int{l.name + "-cpu": l.each + 1})
	l.expectNoDifference(t)
	l.calls(t)
}

// fewest returns how many workers of cpu were ACTIVE at least while act ran.
func (l *life) fewest(t *testing.T, act func()) int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	least := l.each + 1
	watching.Go(func() {
		for ctx.Err() == nil {
			nodes, err := l.cloud.Nodes(ctx, cluster.IDTag(l.id))
			if err == nil {
				least = min(least, len(activeOf(nodes.Workers("cpu"))))
			}
			time.Sleep(2 * time.Second)
		}
	})
	act()
	cancel()
	watching.Wait()
	return least
}

func activeOf(nodes cluster.Nodes) cluster.Nodes {
	return slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool { return n.Status != cluster.StatusActive })
}

// replacementKilled kills the provider while the second batch is away. The next
// apply goes on: replaced workers stay, the others follow.
func (l *life) replacementKilled(t *testing.T) {
	before := l.nodes(t.Context(), t)
	l.replaces("two")
	l.configure(t)
	cmd := l.cli.Command(t.Context(), "apply", "-auto-approve", "-no-color")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	done := l.firstBatch(t, before)
	pid, err := providerOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the apply ended well although its provider was killed")
	}
	t.Logf("killed with %d of %d workers replaced, %d calls", len(done), l.each+1, l.calls(t))
	l.applied(t)
	after := l.expectServers(t, len(before)-1)
	expectUntouched(t, before, after, before.Workers("cpu").Names()...)
	expectUntouched(t, done, after)
	l.expectNoDifference(t)
	l.calls(t)
}

// firstBatch waits until a worker of the second batch is gone and returns the
// first batch.
func (l *life) firstBatch(t *testing.T, before cluster.Nodes) cluster.Nodes {
	t.Helper()
	for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(300 * time.Millisecond) {
		workers := l.nodes(t.Context(), t).Workers("cpu")
		old := 0
		anew := slices.DeleteFunc(slices.Clone(workers), func(n cluster.Node) bool {
			was, _ := before.ByName(n.Name)
			if was.ID == n.ID {
				old++
			}
			return was.ID == n.ID
		})
		if old < l.each+1-l.batch() {
			return activeOf(anew)
		}
	}
	t.Fatal("no second batch was begun")
	return nil
}
