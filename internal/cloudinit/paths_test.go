package cloudinit

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

// Each row: a path, and what is wrong with it for a cluster with login user ada; "" is
// nothing.
func TestCheckFiles(t *testing.T) {
	for name, says := range map[string]string{
		"/etc/motd": "", "/opt/ü x": "", "/etc/ssh/sshd_config.d/10-site.conf": "", "/home/data/x": "", "/etc/hosts.allow": "", "/usr/local/sbin/tool": "",
		"/" + strings.Repeat("a", 255): "", "/etc/cloud/cloud.cfg.d/99-site.cfg": "", "/etc/skel/.bashrc": "", "/root/notes": "", "/home/ada2/x": "",

		"": "absolute", "etc/motd": "absolute", "~/x": "absolute", "../x": "absolute",
		"/etc/../etc/hosts": `shortest way, which is "/etc/hosts"`, "//etc/motd": "shortest way", "/etc//motd": "shortest way", "/etc/./motd": "shortest way", "/..": "shortest way",
		"/etc/": "names a folder", "/": "names a folder",
		"/a\nb": "no path should have", "/a\tb": "no path should have", "/\xff": "no path should have", "/a\x00": "no path should have", "/a\u0085b": "no path should have",
		"/" + strings.Repeat("a", 256):          "a name of 256 bytes",
		"/" + strings.Repeat("ä", 128):          "a name of 256 bytes",
		strings.Repeat("/abcdefgh", 456) + "/x": "4106 bytes; a path has at most 4095",

		"/etc/hosts": "provider's own", "/etc/hostname": "provider's own", "/etc/ssh/ssh_known_hosts": "provider's own", "/etc/hosts/x": "provider's own",
		"/usr/local/sbin/vmcluster-node": "provider's own", "/etc/vmcluster/node.json": "provider's own", "/etc/vmcluster/mine": "provider's own", "/etc/vmcluster": "provider's own",
		"/usr/local/lib/vmcluster/x.py": "provider's own", "/etc/condor/passwords.d/POOL": "provider's own", "/var/lib/vmcluster/.ssh/authorized_keys": "provider's own",
		"/etc/sudoers.d/vmcluster":      "provider's own",
		"/etc/ssh/ssh_host_ed25519_key": "host key", "/etc/ssh/ssh_host_rsa_key.pub": "host key",
		"/root/.ssh/authorized_keys": "who gets in as root", "/root/.ssh": "who gets in as root",
		"/home/bob/.ssh/authorized_keys": "who gets in as that user",
		"/home/ada/.bashrc":              "/etc/skel/.bashrc", "/home/ada/.ssh/rc": "who gets in",
		"/etc/sudoers": "who becomes root", "/etc/sudoers.d/site": "who becomes root",
		"/etc/passwd": "accounts", "/etc/shadow": "accounts", "/etc/gshadow-": "accounts",
		"/proc/sys/vm/overcommit_memory": "no folder for files", "/dev/sda": "no folder for files",
		"/var/lib/cloud/seed/x": "cloud-init's own",
		"/etc":                  "folder on every node", "/usr/local": "folder on every node", "/home": "folder on every node", "/tmp": "folder on every node", "/var/lib": "folder on every node",
	} {
		wrong := CheckFiles([]string{name}, "ada")
		if says == "" && len(wrong) > 0 || says != "" && (len(wrong) != 1 || !strings.Contains(wrong[0].Error(), says)) {
			t.Errorf("%.80q: %v, want %q", name, wrong, says)
		}
	}
}

func TestFilesBelowFiles(t *testing.T) {
	wrong := CheckFiles([]string{"/opt/a/b/c", "/opt/a", "/opt/ab", "/opt/a/b"}, "")
	var got []string
	for _, w := range wrong {
		got = append(got, w.Error())
	}
	for i, want := range []string{`files["/opt/a/b"] lies below "/opt/a"`, `files["/opt/a/b/c"] lies below "/opt/a/b"`, `files["/opt/a/b/c"] lies below "/opt/a"`} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Fatalf("%q", got)
		}
	}
}

// Paths in the node program that it only reads, or that are no files of its own.
var readOnly = []string{
	"/var/lib/cloud/data/instance-id", "/usr/lib/systemd/system/", "/lib/systemd/system/", "/etc/systemd/system/", "/etc/systemd/system/multi-user.target.wants/",
	"/etc/ssh", "/etc/ssh/sshd_config.d", "/usr/bin", "/usr/sbin", "/usr/local/sbin",
	"/usr/lib/", "/usr/lib64/", "/usr/lib/slurm/", "/usr/lib64/slurm/", "/var/log/slurm", "/var/log/loadl",
}

// Whatever the node program writes is named in the lists by which users' files are
// refused: a new path in the program is a new line in paths.txt.
func TestTheNodeProgramsPathsAreRefused(t *testing.T) {
	literal := regexp.MustCompile(`["'](/(?:etc|usr|var|root|home)(?:/[-\w.]+)+/?)["']`)
	var modules []string
	for _, pattern := range []string{"../node/*.py", "../node/batch/*.py"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		modules = append(modules, found...)
	}
	seen := 0
	for _, module := range modules {
		text, err := os.ReadFile(module)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(text), -1) {
			seen++
			if !slices.Contains(readOnly, m[1]) && taken(path.Clean(m[1]), "") == "" {
				t.Errorf("%s names %s, which a user's file may overwrite: add it to internal/node/paths.txt if the program writes it", module, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d paths found in the node program", seen)
	}
	for _, own := range []string{launcherPath, programFolder, archivePath, nodePath, documentPath, firstKeyPath, firstKeyPath + "-cert.pub", sudoersPath} {
		if ownPath(own) == "" {
			t.Errorf("user data writes %s, which is not in paths.txt", own)
		}
	}
}

// Whatever is accepted is the shortest name of a file that nothing else has.
func FuzzCheckFiles(f *testing.F) {
	for _, own := range node.OwnPaths() {
		f.Add(own, "ada")
		f.Add("/etc/.."+own, "ada")
		f.Add("/"+own, "")
	}
	f.Add("/root/.ssh/authorized_keys", "root")
	f.Add("/home/../root/.ssh/authorized_keys", "..")
	f.Fuzz(func(t *testing.T, name, user string) {
		if len(CheckFiles([]string{name}, user)) > 0 {
			return
		}
		if !path.IsAbs(name) || path.Clean(name) != name || strings.ContainsAny(name, "\n\x00") || len(name) > maxPath {
			t.Errorf("%q is accepted", name)
		}
		for _, own := range node.OwnPaths() {
			own = strings.TrimSuffix(own, "/")
			if name == own || isAbove(own, name) || isAbove(name, own) {
				t.Errorf("%q is accepted, %q is the provider's own", name, own)
			}
		}
	})
}
