package loop_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// A spare worker exists before the first job and after the last one, and stays the same
// as long as no job needs it.
func TestASpareStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 10)
		l.Policy.Groups["cpu"] = decide.Bounds{Max: 10, Spare: 1}
		running(t, l, 2*time.Hour)
		if s.servers() != 1 || s.created != 1 {
			t.Errorf("%d servers, %d made, want one spare", s.servers(), s.created)
		}
		s.submit(6, 0, 20*time.Minute)
		running(t, l, 10*time.Minute)
		if s.servers() != 3 {
			t.Errorf("%d servers for 6 jobs of 4 each and a spare, want 3", s.servers())
		}
		running(t, l, 3*time.Hour)
		if s.servers() != 1 || s.created != 3 || s.removed != 2 || s.unfinished() != 0 || s.killed != 0 {
			t.Errorf("in the end %d servers, %d made, %d removed, %d jobs unfinished, %d killed", s.servers(), s.created, s.removed, s.unfinished(), s.killed)
		}
	})
}
