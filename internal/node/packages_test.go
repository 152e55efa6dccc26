package node

import (
	"slices"
	"testing"
)

func TestPackages(t *testing.T) {
	if p := Packages("none", true); p != nil {
		t.Errorf("a cluster without a batch system needs %q", p)
	}
	for _, system := range BatchSystems() {
		for _, frontEnd := range []bool{true, false} {
			packages, units := Packages(system, frontEnd), Units(system)
			if (len(packages) > 0) != CanInstall(system) || (len(units) > 0) != CanInstall(system) {
				t.Errorf("%s: packages %q, units %q", system, packages, units)
			}
			for _, unit := range units {
				if !slices.ContainsFunc(OwnPaths(), func(p string) bool { return p == "/etc/systemd/system-preset/10-vmcluster.preset" }) {
					t.Errorf("a user may write the preset that holds %s", unit)
				}
			}
		}
	}
	for system, can := range map[string]bool{"htcondor": true, "slurm": true, "loadleveler": false, "none": false} {
		if CanInstall(system) != can {
			t.Errorf("%s: that it can be installed is %v", system, !can)
		}
	}
	if Packages("htcon", true) != nil || Units("htcondor condor.service") != nil {
		t.Error("a part of a line is taken for its beginning")
	}
}
