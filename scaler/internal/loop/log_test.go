package loop_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Group names may look like units and numbers. Each group's note begins in another
// round.
func TestANoteOfEachGroupIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSim()
		l := newLoop(s, 20)
		groups := []string{"s", "m", "h", "ms", "g1", "g2", "g-1", "g-2"}
		s.doc.Groups = map[string]cluster.GroupSpec{}
		l.Policy.Groups = map[string]decide.Bounds{}
		out := logged(l)
		for _, g := range groups {
			l.Policy.Groups[g] = decide.Bounds{Max: 1}
			l.Tick(t.Context(), true)
		}
		for _, g := range groups {
			if n := strings.Count(out.String(), fmt.Sprintf("about=\"group %s\"", g)); n != 1 {
				t.Errorf("the note of group %s was logged %d times:\n%s", g, n, out)
			}
		}
	})
}
