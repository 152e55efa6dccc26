package journal

import "testing"

// Flock replaces the system call by which files are locked during a test.
func Flock(t *testing.T, call func(fd, how int) error) {
	before := flock
	flock = call
	t.Cleanup(func() { flock = before })
}

// OpenLimited is Open with another size from which on the file is thinned.
func OpenLimited(path string, limit int64) (*File, error) {
	f := &File{limit: limit}
	return f, f.Reopen(path, false)
}
