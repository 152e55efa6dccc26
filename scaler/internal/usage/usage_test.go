package usage_test

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/usage"
)

var evening = time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)

func reading(after time.Duration, busy, vanished int) record.Record {
	return record.Record{Time: evening.Add(after), Groups: map[string]record.Group{
		"cpu": {Workers: map[fleet.Phase]int{fleet.Busy: busy, fleet.Vanished: vanished}},
	}}
}

// A number of workers holds until the next reading, if that comes within an hour.
func TestWorkerHours(t *testing.T) {
	unread := record.Record{Time: evening.Add(20 * time.Minute), Error: "no answer"}
	thinned := reading(0, 7, 0)
	thinned.Thinned = true
	thinned.Groups["cpu"] = record.Group{Workers: map[fleet.Phase]int{fleet.Busy: 7}, WorkerSeconds: 5400}
	for _, tt := range []struct {
		name    string
		records []record.Record
		want    map[string]float64 // hours of group cpu by day
	}{
		{"nothing", nil, nil},
		{"one reading", []record.Record{reading(0, 4, 0)}, nil},
		{"two readings", []record.Record{reading(0, 4, 0), reading(30*time.Minute, 9, 0)}, map[string]float64{"2026-11-22": 2}},
		{"a worker without a server", []record.Record{reading(0, 1, 3), reading(30*time.Minute, 0, 0)}, map[string]float64{"2026-11-22": 0.5}},
		{"over midnight", []record.Record{reading(30*time.Minute, 4, 0), reading(90*time.Minute, 0, 0)}, map[string]float64{"2026-11-22": 2, "2026-11-23": 2}},
		{"a round that could not read", []record.Record{reading(0, 4, 0), unread, reading(30*time.Minute, 4, 0)}, map[string]float64{"2026-11-22": 2}},
		{"no scaler for two hours", []record.Record{reading(0, 4, 0), reading(2*time.Hour, 4, 0), reading(150*time.Minute, 4, 0)}, map[string]float64{"2026-11-23": 2}},
		{"a clock that was set back", []record.Record{reading(30*time.Minute, 4, 0), reading(0, 4, 0), reading(15*time.Minute, 4, 0)}, map[string]float64{"2026-11-22": 1}},
		{"a record of many rounds", []record.Record{thinned, reading(10*time.Minute, 4, 0), reading(25*time.Minute, 0, 0)}, map[string]float64{"2026-11-22": 2.5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m usage.Meter
			added := 0.0
			for _, r := range tt.records {
				added += m.Add(r)["cpu"] / 3600
			}
			got, sum := map[string]float64{}, 0.0
			for _, d := range m.Days(nil) {
				got[d.Date] = d.Groups["cpu"].WorkerHours
				sum += got[d.Date]
			}
			if !maps.EqualFunc(got, tt.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
				t.Errorf("hours %v, want %v", got, tt.want)
			}
			if math.Abs(added-sum) > 1e-9 {
				t.Errorf("%v hours were added, and the days have %v", added, sum)
			}
		})
	}
}

func TestCostFollowsThePrice(t *testing.T) {
	var m usage.Meter
	m.Add(reading(0, 4, 0))
	m.Add(reading(30*time.Minute, 4, 0))
	if d := m.Days(map[string]float64{"cpu": 0.25}); *d[0].Groups["cpu"].Cost != 0.5 {
		t.Errorf("cost %v", *d[0].Groups["cpu"].Cost)
	}
	if d := m.Days(map[string]float64{"gpu": 0.25}); d[0].Groups["cpu"].Cost != nil {
		t.Errorf("a group without a price costs %v", *d[0].Groups["cpu"].Cost)
	}
}

// A meter keeps a month, however long the scaler runs.
func TestAMonthIsKept(t *testing.T) {
	var m usage.Meter
	for i := range 24 * 90 {
		m.Add(reading(time.Duration(i)*time.Hour, 1, 0))
	}
	days := m.Days(nil)
	if len(days) != 32 || days[0].Date != "2027-02-20" || days[1].Groups["cpu"].WorkerHours != 24 {
		t.Errorf("%d days, the latest %+v", len(days), days[:2])
	}
}
