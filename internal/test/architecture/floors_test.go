package architecture_test

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// floors are the rooms of the tree, from the ground up. A room is a folder with what
// is below it. Its packages import rooms of lower floors, and each other; a room on
// the same floor is another flow's, and a higher one is a user.
var floors = [][]string{
	{"internal/text"},
	{"internal/cluster", "internal/node", "internal/wait", "scaler/internal/command", "scaler/internal/option"},
	{"internal/trust", "internal/openstack", "internal/plan", "internal/preflight/compare", "internal/roster", "scaler/internal/queue", "scaler/internal/reason"},
	{"internal/cloudinit", "internal/preflight", "internal/report", "scaler/internal/access", "scaler/internal/fleet"},
	{"internal/batch", "scaler/internal/demand"},
	{"internal/provision", "scaler/internal/decide"},
	{"internal/provider", "scaler/internal/actuate"},
	{".", "scaler/internal/config", "scaler/internal/record", "scaler/internal/terraform"},
	{"scaler/internal/loop", "scaler/internal/doctor", "scaler/internal/lease", "scaler/internal/usage"},
	{"scaler/internal/journal"},
	{"scaler/internal/status"},
	{"scaler/internal/explain", "scaler/internal/metrics"},
	{"scaler/internal/web"},
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
			t.Errorf("%s is in no room: give its package a floor", f.name)
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
			if other == room || below < floor && below >= 0 || said[[2]string{room, other}] {
				continue
			}
			said[[2]string{room, other}] = true
			t.Errorf("%s imports %s: %s is on floor %d, %s on floor %d", f.name, imported, room, floor, other, below)
		}
	}
}

// A room without a package would hide that a package has moved.
func TestEveryRoomHasAPackage(t *testing.T) {
	files := goFiles(t)
	for _, room := range slices.Concat(floors...) {
		if !slices.ContainsFunc(files, func(f goFile) bool { r, _ := roomOf(f.folder); return r == room && !f.test }) {
			t.Errorf("there is no package in %s", room)
		}
	}
}
