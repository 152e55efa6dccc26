package cluster_test

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestVolumeOfAFrontEndThatIsMadeAnew(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what    string
		volume  cluster.Volume
		own     string
		free    bool   // now
		becomes bool   // when own is deleted
		holder  string // other than own
	}{
		{"available", cluster.Volume{Status: "available"}, "", true, true, ""},
		{"available, and there is a front-end", cluster.Volume{Status: "available"}, "fe", true, true, ""},
		{"the front-end has it", cluster.Volume{Status: "in-use", Servers: []string{"fe"}}, "fe", false, true, ""},
		{"reserved for a front-end that is being built", cluster.Volume{Status: "reserved"}, "fe", false, true, ""},
		{"on its way from the front-end", cluster.Volume{Status: "detaching", Servers: []string{"fe"}}, "fe", false, true, ""},
		{"another server has it", cluster.Volume{Status: "in-use", Servers: []string{"other"}}, "fe", false, false, "other"},
		{"another server has it, and there is no front-end", cluster.Volume{Status: "in-use", Servers: []string{"other"}}, "", false, false, "other"},
		{"two servers have it", cluster.Volume{Status: "in-use", Servers: []string{"fe", "other"}}, "fe", false, false, "other"},
		{"reserved, and there is no front-end", cluster.Volume{Status: "reserved"}, "", false, false, ""},
		{"failed", cluster.Volume{Status: "error"}, "fe", false, false, ""},
		{"being made", cluster.Volume{Status: "creating"}, "fe", false, false, ""},
		{"no status", cluster.Volume{}, "fe", false, false, ""},
	} {
		if got := row.volume.IsFree(); got != row.free {
			t.Errorf("%s: free %v", row.what, got)
		}
		if got := row.volume.BecomesFree(row.own); got != row.becomes {
			t.Errorf("%s: becomes free %v", row.what, got)
		}
		if got := row.volume.Holder(row.own); got != row.holder {
			t.Errorf("%s: held by %q", row.what, got)
		}
	}
}
