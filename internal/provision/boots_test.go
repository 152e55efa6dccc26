package provision

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A real Nova (its fake driver, 50 workers and a front-end) answered the first create call
// after 22 s, noted that server's creation as 21 s after the call had begun, and the last
// call after 36 s. A server had its address when it was ACTIVE; the times are the
// launched_at of the servers. Times that counted from the creation foresaw each
// end 21 s too early: 13 looks, ten of them for the last 38.
func TestNovasCountBeginsLaterThanOurs(t *testing.T) {
	launched := []int{54, 55, 58, 61, 61, 61, 62, 63, 65, 65, 65, 66, 67, 68, 69, 70, 70, 72, 73, 73, 73, 75, 75, 76, 77, 78, 79, 79,
		80, 81, 81, 82, 83, 84, 86, 86, 86, 88, 88, 89, 90, 92, 92, 94, 94, 96, 96, 97, 97, 97, 97}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		created, cloud := begun.Add(21*time.Second), time.Date(2026, 11, 30, 3, 9, 47, 0, time.UTC) // its clock is another
		show := func() (nodes cluster.Nodes, active int) {
			for i, at := range launched {
				n := cluster.Node{ID: strconv.Itoa(i), Status: cluster.StatusBuild, Created: cloud.Add(time.Duration(i) * 300 * time.Millisecond)}
				if done := begun.Add(time.Duration(at) * time.Second); !time.Now().Before(done) {
					n.Status, n.Address, n.Launched = cluster.StatusActive, "10.0.0."+n.ID, cloud.Add(done.Sub(created))
					active++
				}
				nodes = append(nodes, n)
			}
			return nodes, active
		}
		time.Sleep(36 * time.Second)
		b, looks := newBoots(begun, 50, nil), 0
		for _, g := range []goal{anAddress, beActive} {
			for active := 0; g.begins && active == 0 || active < len(launched); looks++ {
				time.Sleep(time.Until(b.due))
				var nodes cluster.Nodes
				nodes, active = show()
				b.look(nodes, 50, true, g)
				t.Logf("%s: %d active", b.pace.Waited().Round(time.Second/10), active)
				if g.begins && active > 0 {
					break
				}
			}
		}
		late := time.Since(begun) - 97*time.Second
		t.Logf("%d looks, %s late", looks, late)
		if looks > 5 || late > 97*time.Second/40 {
			t.Error("at most 5 looks, and a fortieth late")
		}
	})
}
