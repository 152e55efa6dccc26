package loop_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// A round that hangs in any of its parts is reported once while it lasts, with the part
// and its time, and once when it is over.
func TestTheWatchdogNamesThePartThatHangs(t *testing.T) {
	for part, hang := range map[record.Part]func(s *slow) *time.Duration{
		record.PartCluster: func(s *slow) *time.Duration { return &s.cluster },
		record.PartQueue:   func(s *slow) *time.Duration { return &s.queue },
		record.PartLease:   func(s *slow) *time.Duration { return &s.lease },
		record.PartRecord:  func(s *slow) *time.Duration { return &s.write },
	} {
		t.Run(string(part), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSlow()
				f, log := followed(l)
				s.submit(4, 0, time.Minute)
				if part != record.PartCluster {
					s.cluster = 10 * time.Second
				}
				*hang(s) = 100 * time.Second
				done := make(chan struct{})
				go func() { defer close(done); _, _ = l.Tick(t.Context(), true) }()
				time.Sleep(59 * time.Second)
				synctest.Wait()
				if len(f.alarms()) != 0 {
					t.Fatalf("it is reported before its time: %v", f.alarms())
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				alarms, said := f.alarms(), log.all()
				if len(alarms) != 1 || alarms[0].Part != part || f.latest() != part {
					t.Fatalf("after a minute: alarms %v, in %q", alarms, f.latest())
				}
				inPart := "seconds_in_part=50"
				if part == record.PartCluster {
					inPart = "seconds_in_part=60"
				}
				if len(said) != 1 || !strings.Contains(said[0], "takes longer than 1m0s") || !strings.Contains(said[0], "part="+string(part)) || !strings.Contains(said[0], inPart) {
					t.Errorf("after a minute: %q", said)
				}
				<-done
				said = log.all()
				if len(said) != 2 || !strings.Contains(said[1], "the long round is over") || len(f.alarms()) != 1 {
					t.Errorf("after the round: %q, alarms %v", said, f.alarms())
				}
			})
		})
	}
}

// Rounds in time cause no report, however many they are.
func TestTheWatchdogIsSilentWhileRoundsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSlow()
		f, log := followed(l)
		s.cluster, s.queue = 29*time.Second, 30*time.Second
		running(t, l, 10*time.Minute)
		if said := log.all(); len(f.alarms()) != 0 || len(said) != 1 || said[0] != "" {
			t.Errorf("alarms %v, log %q", f.alarms(), said)
		}
	})
}

// A round that cannot be read within its limit is reported as every other one, and the
// next one has a watchdog of its own.
func TestEachLongRoundIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSlow()
		f, _ := followed(l)
		s.cluster = time.Hour // the reading is given up after two minutes
		for n := range 3 {
			if _, err := l.Tick(t.Context(), true); err == nil {
				t.Fatal("the cluster was read")
			}
			if got := len(f.alarms()); got != n+1 {
				t.Fatalf("round %d: %d alarms", n+1, got)
			}
		}
	})
}
