package architecture_test

import (
	"path"
	"strings"
	"testing"
)

// floors are the rooms of the tree, from the ground up. A room is a folder with what
// is below it. Its packages import rooms of lower floors, and each other; a room on
// the same floor is another flow's, and a higher one is a user.
var floors = [][]string{
	{"internal/cluster", "internal/text", "internal/wait", "scaler/internal/command", "scaler/internal/option", "scaler/internal/reason"},
	{"internal/trust", "internal/preflight/compare", "internal/roster", "internal/openstack", "scaler/internal/queue"},
	{"internal/cloudinit", "internal/preflight", "scaler/internal/access", "scaler/internal/fleet"},
	{"internal/provision", "scaler/internal/demand"},
	{"internal/provider", "scaler/internal/actuate", "scaler/internal/decide"},
	{".", "scaler/internal/config", "scaler/internal/record", "scaler/internal/terraform"},
	{"scaler/internal/loop", "scaler/internal/journal", "scaler/internal/lease"},
	{"scaler/internal/status"},
	{"scaler/internal/explain", "scaler/internal/metrics", "scaler/internal/web"},
	{"scaler"},
}

// testSupport reports whether the package is there for tests only. Such packages may
// import any room; no room may import them.
func testSupport(folder string) bool {
	return covers([]string{"internal/test"}, folder) || strings.HasSuffix(path.Base(folder), "test")
}

// roomOf returns the room of a folder and its floor: the longest name that covers it.
func roomOf(folder string) (room string, floor int) {
	floor = -1
	for i, rooms := range floors {
		for _, r := range rooms {
			if (folder == r || r != "." && strings.HasPrefix(folder, r+"/")) && len(r) > len(room) {
				room, floor = r, i
			}
		}
	}
	return room, floor
}

func TestNoArrowUpward(t *testing.T) {
	said := map[[2]string]bool{}
	for _, f := range goFiles(t) {
		if f.test || testSupport(f.folder) {
			continue
		}
		room, floor := roomOf(f.folder)
		if floor < 0 {
			continue
		}
		for _, imported := range f.imports {
			folder, own := folderOf(imported)
			if !own {
				continue
			}
			if testSupport(folder) {
				t.Errorf("%s imports %s, which is there for tests", f.name, imported)
				continue
			}
			other, below := roomOf(folder)
			if other == room || below < floor || said[[2]string{room, other}] {
				continue
			}
			said[[2]string{room, other}] = true
			t.Errorf("%s imports %s: %s is on floor %d, %s on floor %d", f.name, imported, room, floor, other, below)
		}
	}
}
