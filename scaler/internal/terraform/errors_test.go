package terraform

import (
	"errors"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// The errors are those that Terraform 1.11.4 and OpenTofu 1.11 print.
func TestErrorsHaveTypes(t *testing.T) {
	const locked = "exit status 1\n\nError: Error acquiring the state lock\n\nError message: HTTP remote state already locked:\nID=9db590f1-b6fe-c5f2-2678-8804f089deba\nLock Info:\n  ID:        a6b8ca7d-81e8-2631-ab80-b56c47ffbdee\n  Who:       ada@desk\n\n"
	for _, row := range []struct {
		name, words string
		want        error
		says, never string
	}{
		{"the lock, Terraform", locked + "Terraform acquires a state lock to protect the state from being written\nby multiple users", ErrLocked, "ID=9db590f1", "acquires"},
		{"the lock, OpenTofu", locked + "OpenTofu acquires a state lock to protect the state from being written\nby multiple users", ErrLocked, "Who: ada@desk", "acquires"},
		{"no init", "exit status 1\n\nError: Required plugins are not installed\n\nThe installed provider plugins are not consistent", ErrNotReady, "plan: the directory has to be initialised first", "\n"},
		{"another", "exit status 1\n╷\n│ Error: Invalid expression\n│ \n│   on main.tf line 3\n╵\n", nil, "plan: exit status 1 Error: Invalid expression on main.tf line 3", "│"},
	} {
		err := sortError("plan", errors.New(row.words))
		if row.want != nil && !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), row.never) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	if sortError("plan", nil) != nil {
		t.Error("an error of nothing")
	}
}

// A warning of the provider has the cloud's words, and then advice that names other
// possible causes.
func TestTheKindOfAWarning(t *testing.T) {
	const where = "Warning: astro-cpu-5 was not made\nwith vmcluster_cluster.astro,\non main.tf line 17, in resource \"vmcluster_cluster\" \"astro\":\n17:   workers = {\n"
	for _, row := range []struct {
		warnings string
		want     cluster.FaultKind
	}{
		{where + "Create server astro-cpu-5: Quota exceeded for instances (HTTP 403).\nLower `count`, choose a smaller flavor, or have the project's quota raised.", cluster.FaultQuota},
		{where + "Ended in ERROR: Failed to allocate the network(s), not rescheduling.\nNova got no port or address for the server. Look at the free addresses of the network's subnets and at the quota of ports.", cluster.FaultNetwork},
		{where + "Ended in ERROR: No valid host was\nfound.\nNo hypervisor has room for this flavor now.", cluster.FaultNoHost},
		{where + "Ended in ERROR.", cluster.FaultOther},
		{"", cluster.FaultOther},
	} {
		if got := kindOfWarnings(row.warnings); got != row.want {
			t.Errorf("%s, want %s: %s", got, row.want, row.warnings)
		}
	}
}
