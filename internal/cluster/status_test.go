package cluster

import "testing"

func TestStanding(t *testing.T) {
	for status, want := range map[Status]Standing{
		"ACTIVE": Sound, "BUILD": Sound, "VERIFY_RESIZE": Sound, "UNKNOWN": Sound,
		"PAUSED": SetAway, "SUSPENDED": SetAway, "SHELVED_OFFLOADED": SetAway, "RESCUE": SetAway,
		"ERROR": Unfit, "SHUTOFF": Unfit, "NOT_JOINED": Unfit, "DELETING": Unfit,
		"DELETED": Gone, "SOFT_DELETED": Gone,
		"SOMETHING_NEW": Sound, "": Sound,
	} {
		if got := status.Standing(); got != want {
			t.Errorf("%s is %s, want %s", status, got, want)
		}
	}
	if n := (Node{Status: StatusShutoff}); !n.Unfit() || n.Broken() {
		t.Error("a stopped server is made anew, though Nova has not given it up")
	}
}
