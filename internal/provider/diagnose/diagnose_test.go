package diagnose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

func cloudError(kind cluster.FaultKind, message string) error {
	return fmt.Errorf("apply: %w", &cluster.CloudError{Kind: kind, Op: "create server astro-cpu-1", Code: 403, Message: message})
}

// Each row: an error, where its diagnostic points, and what it must say.
func TestFaultDiagnostics(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		at   path.Path // empty: nowhere
		says []string
	}{
		{"quota", cloudError(cluster.FaultQuota, "Quota exceeded for cores"), path.Root("workers"),
			[]string{"Quota exceeded for cores (HTTP 403)", "quota raised"}},
		{"no room", cloudError(cluster.FaultNoHost, "No valid host was found"), path.Root("workers"), []string{"Choose another flavor"}},
		{"no port", cloudError(cluster.FaultNetwork, "No more IP addresses"), path.Root("workers"), []string{"subnets", "`network`"}},
		{"unusable image", cloudError(cluster.FaultImage, "disk is too small"), path.Root("workers"), []string{"`image`", "`flavor`"}},
		{"no volume", cloudError(cluster.FaultVolume, "did not finish"), path.Root("workers"), []string{"`boot_volume`"}},
		{"not logged in", cloudError(cluster.FaultAuth, "Unauthorized"), path.Empty(), []string{"credentials"}},
		{"right missing", cloudError(cluster.FaultForbidden, "Policy"), path.Empty(), []string{"lack a right"}},
		{"refused", cloudError(cluster.FaultBadRequest, "Invalid image"), path.Empty(), []string{"go together"}},
		{"too many calls", cloudError(cluster.FaultRateLimited, "slow down"), path.Empty(), []string{"max_concurrency"}},
		{"no answer", cloudError(cluster.FaultUnavailable, "503"), path.Empty(), []string{"outcome of the call is unknown"}},
		{"other", errors.New("odd"), path.Empty(), []string{"Odd."}},
		{"name taken", &provision.ExistsError{Name: "astro", ID: "4e3b", Finished: true}, path.Root("name"), []string{"import it"}},
		{"name of an unfinished cluster", &provision.ExistsError{Name: "astro", ID: "4e3b"}, path.Root("name"),
			[]string{"another run may be under way", "\n  VMCLUSTER_DELETE_UNFINISHED=4e3b terraform apply"}},
		{"document", &cluster.DocumentTooLargeError{Size: 40000, Most: 30345}, path.Root("workers"), []string{"40000", "fewer groups"}},
		{"too few workers", &provision.NotReadyError{Group: "cpu", Ready: 1, Want: 3}, path.Root("workers").AtMapKey("cpu").AtName("min_ready"),
			[]string{"Group cpu needs at least 3 workers that work, and has 1.", "lower `min_ready`"}},
		{"settings", &openstack.ConfigError{Field: "auth_url", Message: "is not set"}, path.Empty(), []string{"provider block"}},
		{"time is up", fmt.Errorf("wait: %w", context.DeadlineExceeded), path.Root("timeouts"), []string{"apply again"}},
		{"interrupted", fmt.Errorf("wait: %w", context.Canceled), path.Empty(), []string{"apply again"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			check(t, Fault("The cluster was not made", row.err), diag.SeverityError, row.at, row.says)
		})
	}
}

func TestProblemDiagnostics(t *testing.T) {
	worker := cluster.Problem{Node: "astro-big-mem-2", Summary: "ended in ERROR 2 times", Detail: "No valid host was found (code 500)",
		Console: "kernel panic\n", Kind: cluster.FaultNoHost, Heals: true}
	check(t, Problem("astro", worker), diag.SeverityWarning, path.Root("workers").AtMapKey("big-mem"),
		[]string{"astro-big-mem-2 ended in ERROR", "No valid host", "The next plan", "kernel panic"})
	check(t, Problem("astro", cluster.Problem{Node: "astro-frontend", Summary: "has no floating IP", Detail: "no more addresses"}),
		diag.SeverityWarning, path.Root("front_end"), []string{"astro-frontend has no floating IP", "No more addresses."})
}

// A promise of healing only where the next plan really shows a difference.
func TestProblemThatNoPlanShows(t *testing.T) {
	d := Problem("astro", cluster.Problem{Node: "astro-cpu-2", Summary: "has not joined within the time given", Detail: "the front-end goes on trying"})
	if strings.Contains(d.Detail(), "The next plan") {
		t.Error(d.Detail())
	}
}

func TestUserDataDiagnostics(t *testing.T) {
	at := path.Root("workers").AtMapKey("cpu")
	large := &cloudinit.TooLargeError{Node: "astro-cpu-1", Size: 60000, Most: 49149,
		Parts: []cloudinit.Part{{Name: "node program", Size: 30000}, {Name: `files["/etc/motd"]`, Size: 20000}, {Name: "cloud_config", Size: 9}}}
	check(t, UserData(at, large), diag.SeverityError, at.AtName("files"), []string{"60000 bytes", "49149"})
	check(t, UserData(at, &cloudinit.CloudConfigError{Reason: "is no YAML"}), diag.SeverityError, at.AtName("cloud_config"), []string{"is no YAML"})
	check(t, UserData(at, &cloudinit.FileError{Path: "/x", Reason: "is ours"}), diag.SeverityError,
		at.AtName("files").AtMapKey("/x"), []string{"is ours"})
}

func check(t *testing.T, d diag.Diagnostic, severity diag.Severity, at path.Path, says []string) {
	t.Helper()
	if d.Severity() != severity {
		t.Errorf("severity %s", d.Severity())
	}
	got := path.Empty()
	if p, ok := d.(diag.DiagnosticWithPath); ok {
		got = p.Path()
	}
	if !got.Equal(at) {
		t.Errorf("points at %q, want %q", got, at)
	}
	text := d.Summary() + "\n" + d.Detail()
	for _, s := range says {
		if !strings.Contains(text, s) {
			t.Errorf("does not say %q:\n%s", s, text)
		}
	}
}

// Nothing is said of a state where nothing was begun, and an error that knows what to
// change says so in place of its kind.
func TestUnbegun(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		says []string
	}{
		"time is up":  {fmt.Errorf("read: %w", context.DeadlineExceeded), []string{"out of time", "Nothing was changed"}},
		"interrupted": {fmt.Errorf("read: %w", context.Canceled), []string{"interrupted", "Nothing was changed"}},
		"a login":     {&cluster.CloudError{Kind: cluster.FaultAuth, Op: "log in at x", Message: "no", Code: 401, Help: "Check user_name."}, []string{"Log in at x: no (HTTP 401)", "Check user_name."}},
		"settings":    {&openstack.ConfigError{Field: "auth_url", Message: "is not set"}, []string{"provider block"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Unbegun("The cluster can't be read", row.err)
			check(t, d, diag.SeverityError, path.Empty(), row.says)
			for _, never := range []string{"in the state", "apply again", "Apply again", "Check the provider's credentials"} {
				if strings.Contains(d.Detail(), never) {
					t.Errorf("says %q:\n%s", never, d.Detail())
				}
			}
		})
	}
}
