package provision

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// realCreates are creates of 50 workers and a front-end on a real Nova (its fake driver), in
// seconds since the first create call began. A server had its address when it was ACTIVE;
// launched are the launched_at of the servers. late is how late the end may be seen.
//
// In the first, Nova answered the first call after 22 s and noted that server's creation at
// 21 s: forecasts that counted from the creation foresaw each end 21 s too early, and 13
// looks, ten of them for the last 38, were made.
//
// In the second, the first few ended within 15 s after nothing was seen for 58 s: as if
// the others would come one after the other. The look after that came 85 s after the end.
//
// In the others forecasts by a quarter, a half and a seventh of the servers were 7 to 23 s
// too late: the others came faster. In one, 31 of 51 came in the last eight seconds, and a
// look 23 s after the one before came 15 s after the end.
var realCreates = []struct {
	name              string
	created, answered int // the first server by Nova's count; the last call
	late              time.Duration
	launched          []int
}{
	{"Nova's count begins later than ours", 21, 36, 97 * time.Second / 40, []int{54, 55, 58, 61, 61, 61, 62, 63, 65, 65, 65, 66, 67, 68, 69, 70, 70, 72, 73, 73, 73,
		75, 75, 76, 77, 78, 79, 79, 80, 81, 81, 82, 83, 84, 86, 86, 86, 88, 88, 89, 90, 92, 92, 94, 94, 96, 96, 97, 97, 97, 97}},
	{"the first few come apart", 9, 41, 97 * time.Second / 40, []int{58, 61, 63, 66, 70, 73, 73, 77, 78, 78, 78, 79, 80, 81, 81, 81, 82, 82, 83, 83, 84, 84, 84, 85, 85,
		85, 86, 86, 87, 87, 89, 89, 90, 90, 90, 91, 91, 91, 92, 92, 92, 92, 93, 94, 94, 95, 95, 95, 96, 96, 97}},
	{"the builds become faster", 20, 51, 4 * time.Second, []int{52, 54, 56, 58, 59, 60, 60, 61, 63, 63, 66, 67, 67, 71, 73, 74, 75, 75, 79, 80, 80, 81, 81, 82, 83, 84, 84, 85, 85, 87, 87, 88, 88, 89, 90, 91, 92, 92, 93, 93, 93, 94, 94, 94, 95, 95, 95, 95, 95, 96, 96}},
	{"the builds begin while many are still asked for", 0, 59, 2 * time.Second, []int{18, 20, 23, 24, 30, 30, 32, 32, 33, 34, 35, 36, 36, 36, 37, 37, 39, 39, 40, 41, 42, 43, 43, 45, 46, 48, 49, 51, 53, 57, 57, 65, 66, 69, 72, 73, 73, 76, 77, 78, 79, 80, 80, 80, 81, 82, 82, 82, 82, 82, 82}},
	{"most come in the last fifth of the time", 11, 34, 103 * time.Second / 20, []int{53, 54, 56, 62, 62, 68, 71, 76, 76, 81, 82, 86, 87, 88, 89, 91, 92, 94, 94, 95, 96, 96, 97, 97, 97, 98, 98, 98, 98, 99, 99, 99, 99, 100, 100, 100, 100, 101, 101, 101, 102, 102, 102, 102, 102, 102, 103, 103, 103, 103, 103}},
	{"all come within a third of the time", 1, 34, 3500 * time.Millisecond, []int{39, 42, 44, 45, 45, 45, 46, 47, 47, 48, 48, 49, 49, 49, 50, 50, 50, 50, 51, 51, 51, 52, 52, 52, 52, 53, 53, 53, 53, 53, 54, 54, 54, 54, 55, 55, 56, 56, 56, 56, 56, 56, 57, 57, 57, 57, 58, 58, 58, 58, 58}},
}

func TestARealNovasTimes(t *testing.T) {
	for _, real := range realCreates {
		t.Run(real.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks, late := followReal(t, time.Duration(real.created)*time.Second, time.Duration(real.answered)*time.Second, real.launched)
				t.Logf("%d looks, %s late", looks, late)
				if looks > 5 || late > real.late {
					t.Errorf("at most 5 looks, and %s late", real.late)
				}
			})
		})
	}
}

// When the first look comes is chance. On the average of many such moments the end is seen
// a twentieth late at most, by six looks.
func TestARealNovasTimesAtAnyMoment(t *testing.T) {
	for _, real := range realCreates {
		t.Run(real.name, func(t *testing.T) {
			const moments = 25
			var looked int
			var sum time.Duration
			for i := range moments {
				synctest.Test(t, func(t *testing.T) {
					answered := time.Duration(real.answered)*time.Second + time.Duration(i-moments/2)*time.Second/2
					looks, late := followReal(t, time.Duration(real.created)*time.Second, answered, real.launched)
					looked, sum = looked+looks, sum+late
				})
			}
			late, end := sum/moments, time.Duration(real.launched[len(real.launched)-1])*time.Second
			t.Logf("%.1f looks, %s late of %s", float64(looked)/moments, late.Round(time.Second/10), end)
			if looked > 6*moments || late > end/20 {
				t.Error("at most 6 looks, and a twentieth late")
			}
		})
	}
}

// followReal looks at the servers of a create as a run does, and returns how many looks
// that took, and how long after the last server was there the last one came.
func followReal(t *testing.T, created, answered time.Duration, launched []int) (looks int, late time.Duration) {
	begun, cloud := time.Now(), time.Date(2026, 11, 30, 3, 9, 47, 0, time.UTC) // its clock is another
	show := func() (nodes cluster.Nodes, active int) {
		for i, at := range launched {
			n := cluster.Node{ID: strconv.Itoa(i), Status: cluster.StatusBuild, Created: cloud.Add(time.Duration(i) * 300 * time.Millisecond)}
			if done := time.Duration(at) * time.Second; time.Since(begun) >= done {
				n.Status, n.Address, n.Launched = cluster.StatusActive, "10.0.0."+n.ID, cloud.Add(done-created)
				active++
			}
			nodes = append(nodes, n)
		}
		return nodes, active
	}
	time.Sleep(answered)
	b := newBoots(begun, len(launched)-1, nil)
	for _, g := range []goal{anAddress, beActive} {
		for active := 0; g.begins && active == 0 || active < len(launched); looks++ {
			time.Sleep(time.Until(b.due))
			var nodes cluster.Nodes
			nodes, active = show()
			b.look(nodes, len(launched)-1, true, g)
			t.Logf("%s: %d active", b.pace.Waited().Round(time.Second/10), active)
			if g.begins && active > 0 {
				break
			}
		}
	}
	return looks, time.Since(begun) - time.Duration(launched[len(launched)-1])*time.Second
}
