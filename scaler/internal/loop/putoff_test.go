package loop_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// A group pauses after failures of its workers, and not after actions that the actuator
// has put off itself.
func TestWhatIsPutOffPausesNoGroup(t *testing.T) {
	locked := errors.New("the state is locked by another run")
	for _, row := range []struct {
		name string
		err  error
		adds int // in the two minutes after the hold
	}{
		{"a failure", locked, 1},
		{"put off", fmt.Errorf("plan: %w", actuate.PutOffError{Err: locked}), 12},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.addErr = row.err
			s.submit(4, 0, 10*time.Minute)
			running(t, newLoop(s, 20), 3*time.Minute)
			if n := len(s.calls); n < row.adds-1 || n > row.adds+1 {
				t.Errorf("%s: %d attempts, want %d: %v", row.name, n, row.adds, s.calls)
			}
		})
	}
}
