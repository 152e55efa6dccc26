package fleet_test

import (
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

func TestStages(t *testing.T) {
	node := func(id, address string, status cluster.Status) cluster.Node {
		return cluster.Node{ID: id, Address: address, Status: status}
	}
	for _, row := range []struct {
		worker fleet.Worker
		want   fleet.Stage
	}{
		{fleet.Worker{Phase: fleet.Booting, Orphan: true, Node: node("", "", cluster.StatusBuild)}, fleet.StageRequested},
		{fleet.Worker{Phase: fleet.Booting, Orphan: true, Node: node("s", "", cluster.StatusBuild)}, fleet.StageBuilding},
		{fleet.Worker{Phase: fleet.Booting, Orphan: true, Node: node("s", "192.0.2.1", cluster.StatusBuild)}, fleet.StageAddress},
		{fleet.Worker{Phase: fleet.Booting, Orphan: true, Node: node("s", "192.0.2.1", cluster.StatusActive)}, fleet.StageAddress},
		{fleet.Worker{Phase: fleet.Booting, Node: node("s", "192.0.2.1", cluster.StatusBuild)}, fleet.StageEnrolled},
		{fleet.Worker{Phase: fleet.Booting, Node: node("s", "192.0.2.1", cluster.StatusActive)}, fleet.StageStarted},
		{fleet.Worker{Phase: fleet.Idle, Node: node("s", "192.0.2.1", cluster.StatusActive)}, ""},
		{fleet.Worker{Phase: fleet.Vanished}, ""},
		{fleet.Worker{Phase: fleet.Absent, Orphan: true, Node: node("s", "", cluster.StatusBuild)}, ""},
	} {
		if got := row.worker.Stage(); got != row.want {
			t.Errorf("%+v: %q, want %q", row.worker, got, row.want)
		}
	}
}
