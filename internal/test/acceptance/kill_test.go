//go:build acceptance

package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKill kills the provider with SIGKILL in the middle of a create of 20
// workers; the next apply has to end with exactly those 20 and a front-end.
func TestKill(t *testing.T) {
	n := number(t, "VMCLUSTER_ACC_KILL_WORKERS", 20)
	b := newBench(t, "vmcluster-acc-kill")
	portsBefore := b.ports(t)
	b.want(t, n)

	cmd := b.cli.Command(t.Context(), "apply", "-auto-approve", "-no-color")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	seen := waitForServers(t, b, n/2)
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
	t.Logf("provider killed with %d servers there; %d when the command had ended", seen, len(b.nodes(t.Context(), t)))

	b.apply(t)
	nodes := b.expectServers(t, n)
	ids := map[string]bool{}
	for _, node := range nodes {
		ids[node.ClusterID] = true
	}
	if len(ids) != 1 {
		t.Errorf("servers of %d clusters, want one", len(ids))
	}
	b.expectNoDifference(t)
	if _, err := b.cli.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expectNothing(t, nodes[0].ClusterID, portsBefore)
}

func waitForServers(t *testing.T, b *bench, n int) int {
	t.Helper()
	for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(200 * time.Millisecond) {
		if seen := len(b.nodes(t.Context(), t)); seen >= n {
			return seen
		}
	}
	t.Fatalf("%d servers did not appear", n)
	return 0
}

// providerOf finds the provider's process: the child of that name of the command
// line's process.
func providerOf(parent int) (int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		name, rest, ok := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 2 || fields[1] != strconv.Itoa(parent) || !strings.Contains(name, "(terraform-provi") {
			continue
		}
		return strconv.Atoi(filepath.Base(filepath.Dir(path)))
	}
	return 0, fmt.Errorf("find the provider: process %d has no child of that name", parent)
}
