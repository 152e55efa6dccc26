package cloudinit

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

// The lengths that Linux allows, in bytes (limits.h: PATH_MAX counts the final zero).
const (
	maxPath = 4095
	maxName = 255
)

// place is a file, or with a slash at the end a folder, at which no file of a user may
// be written; a star stands for any text without a slash.
type place struct{ path, why string }

// places are those that are not the provider's own, and would open or break a node.
// The provider's own ones are node.OwnPaths.
var places = []place{
	{"/etc/ssh/ssh_host_*", "is a host key: each node has its own, which the cluster's CA certifies"},
	{"/etc/ssh/sshd_config", "decides who gets in: write settings of sshd to a file of /etc/ssh/sshd_config.d/"},
	{"/root/.ssh/", "decides who gets in as root, on every node: use `key_pair`, or `ssh_authorized_keys` in `cloud_config`"},
	{"/home/*/.ssh/", "decides who gets in as that user: use `ssh_authorized_keys` of `users` in `cloud_config`"},
	{"/etc/sudoers", sudoersWhy},
	{"/etc/sudoers.d/", sudoersWhy},
	{"/etc/passwd", accountsWhy}, {"/etc/passwd-", accountsWhy}, {"/etc/shadow", accountsWhy}, {"/etc/shadow-", accountsWhy},
	{"/etc/group", accountsWhy}, {"/etc/group-", accountsWhy}, {"/etc/gshadow", accountsWhy}, {"/etc/gshadow-", accountsWhy},
	{"/etc/machine-id", "is each node's own"},
	{"/etc/ld.so.preload", "is loaded into every program of the node"},
	{"/var/lib/cloud/", "is cloud-init's own"},
	{"/proc/", "is no folder for files"}, {"/sys/", "is no folder for files"}, {"/dev/", "is no folder for files"},
}

const (
	ownWhy      = "is the provider's own on every node"
	sudoersWhy  = "decides who becomes root: use `sudo` of `users` in `cloud_config`, or `write_files` there with permissions \"0440\""
	accountsWhy = "holds the node's accounts: make further ones by `users` and `groups` in `cloud_config`"
)

// folders are the folders of every image that are none of a place's.
var folders = []string{"/", "/bin", "/boot", "/dev", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr/bin", "/usr/lib", "/usr/sbin", "/usr/share", "/var/log", "/var/tmp"}

// CheckFiles returns what is wrong with the user's files of a node whose login user has
// that name ("" where there is none or it is not known), in order of their paths.
func CheckFiles(paths []string, loginUser string) []*FileError {
	var out []*FileError
	good := map[string]bool{}
	for _, name := range slices.Sorted(slices.Values(paths)) {
		if why := cmp.Or(badPath(name), taken(name, loginUser)); why != "" {
			out = append(out, &FileError{Path: name, Reason: why})
			continue
		}
		good[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(good)) {
		for above := path.Dir(name); above != "/"; above = path.Dir(above) {
			if good[above] {
				out = append(out, &FileError{Path: name, Reason: fmt.Sprintf("lies below %q, which is a file of `files` too", above)})
			}
		}
	}
	return out
}

// badPath returns why a text is no path of a file, or "".
func badPath(name string) string {
	switch {
	case !path.IsAbs(name):
		return "is not an absolute path"
	case strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name):
		return "holds a character that no path should have"
	case len(name) > maxPath:
		return fmt.Sprintf("has %d bytes; a path has at most %d", len(name), maxPath)
	case strings.HasSuffix(name, "/"):
		return "names a folder"
	case path.Clean(name) != name:
		return fmt.Sprintf("is not written in the shortest way, which is %q", path.Clean(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > maxName {
			return fmt.Sprintf("holds a name of %d bytes; a name in a path has at most %d", len(part), maxName)
		}
	}
	return ""
}

// taken returns why no file of a user may stand at a clean path, or "".
func taken(name, loginUser string) string {
	if why := ownPath(name); why != "" {
		return why
	}
	for _, p := range places {
		if p.has(name) {
			return p.why
		}
	}
	if loginUser != "" && strings.HasPrefix(name, "/home/"+loginUser+"/") {
		return fmt.Sprintf("lies in the home of `login_user`, which is made later, and only where there is none: put it in /etc/skel/%s", strings.TrimPrefix(name, "/home/"+loginUser+"/"))
	}
	if slices.Contains(folders, name) || slices.ContainsFunc(places, func(p place) bool { return isAbove(name, p.path) }) {
		return "is a folder on every node"
	}
	return ""
}

// ownPath returns why a clean path is the provider's own, or "".
func ownPath(name string) string {
	for _, own := range node.OwnPaths() {
		switch {
		case place{path: own}.has(name):
			return ownWhy
		case isAbove(name, own):
			return "is a folder on every node"
		}
	}
	return ""
}

// isAbove reports whether a folder holds that path.
func isAbove(folder, of string) bool { return strings.HasPrefix(of, folder+"/") }

// has reports whether a file stands at a place or below it.
func (p place) has(name string) bool {
	pattern := strings.Split(strings.TrimSuffix(p.path, "/"), "/")
	parts := strings.Split(name, "/")
	if len(parts) < len(pattern) {
		return false
	}
	for i, want := range pattern {
		if fits, err := path.Match(want, parts[i]); err != nil || !fits {
			return false
		}
	}
	return true
}
