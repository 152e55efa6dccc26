package cluster

import (
	"testing"
	"time"
)

// Each row: a worker in no roster, and whether it is one that can never be enrolled.
func TestAWorkerWithoutAnAddressIsNotHopedForForEver(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	d := Document{ID: "id", Name: "astro"}
	for _, row := range []struct {
		age     time.Duration
		address string
		status  Status
		never   bool
	}{
		{AddressTime - time.Second, "", StatusBuild, false},
		{AddressTime, "", StatusBuild, true},
		{AddressTime, "", StatusActive, true},
		{AddressTime, "10.0.0.1", StatusBuild, false},
		{AddressTime, "", StatusUnknown, false}, // its cell is down, and Nova shows no address then
		{AddressTime, "", "SHELVED_OFFLOADED", false},
	} {
		n := Node{Name: "astro-cpu-1", ClusterID: "id", Role: RoleWorker, Group: "cpu", BatchCA: "CA",
			Address: row.address, Status: row.status, Created: now.Add(-row.age)}
		if why := d.Unenrollable(n, now); (why != "") != row.never {
			t.Errorf("%+v: %q", row, why)
		}
	}
}
