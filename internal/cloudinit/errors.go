package cloudinit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxSize is the most that Nova takes as user data: 65,535 characters of base64
// (nova: api/openstack/compute/schemas/servers.py).
const MaxSize = 65535 / 4 * 3

// Part is a piece of user data.
type Part struct {
	Name string // "cloud_config", "files[\"/etc/motd\"]", "roster", "node program"
	Size int    // bytes that it takes in the user data, before that is compressed
}

// TooLargeError says that a node's user data is too large, and lists its pieces.
type TooLargeError struct {
	Node  string
	Size  int
	Most  int
	Parts []Part // largest first
}

func (e *TooLargeError) Error() string {
	var parts []string
	for _, p := range e.Parts {
		parts = append(parts, fmt.Sprintf("%s %d", p.Name, p.Size))
	}
	return fmt.Sprintf("the user data of %s takes %d bytes, Nova takes %d (before it is compressed: %s); "+
		"shorten cloud_config or files, or have cloud_config fetch what is large",
		e.Node, e.Size, e.Most, strings.Join(parts, ", "))
}

func tooLarge(node string, size int, parts []Part) *TooLargeError {
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Compare(b.Size, a.Size) })
	return &TooLargeError{Node: node, Size: size, Most: MaxSize, Parts: parts}
}

// CloudConfigError says why a user's cloud_config can't be used.
type CloudConfigError struct{ Reason string }

func (e *CloudConfigError) Error() string { return "cloud_config " + e.Reason }

// FileError says why an entry of files can't be used.
type FileError struct{ Path, Reason string }

func (e *FileError) Error() string { return fmt.Sprintf("files[%q] %s", e.Path, e.Reason) }
