package provision

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Two creates of 50 workers and a front-end on a real Nova (its fake driver), in seconds
// since the first create call began. A server had its address when it was ACTIVE; launched
// are the launched_at of the servers.
//
// In the first, Nova answered the first call after 22 s and noted that server's creation at
// 21 s: forecasts that counted from the creation foresaw each end 21 s too early, and 13
// looks, ten of them for the last 38, were made.
//
// In the second, the first few ended within 15 s after nothing was seen for 58 s: as if
// the others would come one after the other. The look after that came 85 s after the end.
func TestARealNovasTimes(t *testing.T) {
	for _, real := range []struct {
		name              string
		created, answered int // the first server by Nova's count; the last call
		launched          []int
	}{
		{"Nova's count begins later than ours", 21, 36, []int{54, 55, 58, 61, 61, 61, 62, 63, 65, 65, 65, 66, 67, 68, 69, 70, 70, 72, 73, 73, 73,
			75, 75, 76, 77, 78, 79, 79, 80, 81, 81, 82, 83, 84, 86, 86, 86, 88, 88, 89, 90, 92, 92, 94, 94, 96, 96, 97, 97, 97, 97}},
		{"the first few come apart", 9, 41, []int{58, 61, 63, 66, 70, 73, 73, 77, 78, 78, 78, 79, 80, 81, 81, 81, 82, 82, 83, 83, 84, 84, 84, 85, 85,
			85, 86, 86, 87, 87, 89, 89, 90, 90, 90, 91, 91, 91, 92, 92, 92, 92, 93, 94, 94, 95, 95, 95, 96, 96, 97}},
	} {
		t.Run(real.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks, late := followReal(t, time.Duration(real.created)*time.Second, time.Duration(real.answered)*time.Second, real.launched)
				t.Logf("%d looks, %s late", looks, late)
				if looks > 5 || late > 97*time.Second/40 {
					t.Error("at most 5 looks, and a fortieth late")
				}
			})
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
