package doctor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

// tools looks at the programs by which the queue is read with these settings, and at what
// they need. Which programs a queue block needs that follows the cluster's batch system is
// known with the cluster: see followed.
func (d Doctor) tools(settings adapter.Settings) []Finding {
	if s := d.Config.Queue.SSH; s != nil {
		return d.ssh(s)
	}
	t, is := settings.(adapter.Tooled)
	if !is {
		return nil
	}
	local := t.Local()
	var all []Finding
	do := "install it on this machine, name its folder with bin in the queue block, or read the queue through an ssh block"
	if local.Correct != "" {
		do = "install it on this machine, correct " + local.Correct + " in the queue block, or read the queue through an ssh block"
	}
	for _, name := range local.Programs {
		all = append(all, program("tools", name, do))
	}
	if local.Tokens != "" {
		all = append(all, d.tokens(local.Tokens, local.TokensOption)...)
	}
	return all
}

// followed looks at the programs by which the queue of the cluster's batch system is read,
// where the configuration follows that.
func (d Doctor) followed(view cluster.View, known bool) []Finding {
	switch {
	case d.Config.Queue.Type != adapter.Auto || d.Config.Queue.SSH != nil:
		return nil
	case !known:
		return []Finding{notTried("tools", "the cluster can't be read, and says which batch system it runs")}
	}
	a, err := adapter.Of(string(view.Document.BatchSystem))
	if err != nil {
		return nil // the queue's finding says so
	}
	return d.tools(adapter.Standard(a))
}

func program(part, name, do string) Finding {
	path, err := exec.LookPath(name)
	if err != nil {
		return failed(part, do, "the program %s is not there: %v", name, unquoted(err))
	}
	return ok(part, "%s", path)
}

// unquoted returns the cause of a failed search, without the name a second time.
func unquoted(err error) error {
	var path *fs.PathError
	var search *exec.Error
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &search):
		return search.Err
	}
	return err
}

// ssh looks at what the ssh program needs.
func (d Doctor) ssh(s *config.SSH) []Finding {
	all := []Finding{program("ssh", "ssh", "install OpenSSH's client")}
	if s.IdentityFile != "" {
		if _, f, bad := regular("ssh", "identity_file", s.IdentityFile); bad {
			all = append(all, f)
		} else if sshRefuses(s.IdentityFile) {
			all = append(all, failed("ssh", "chmod 0600 "+s.IdentityFile, "identity_file: ssh refuses %s, because other accounts can read it", s.IdentityFile))
		} else {
			all = append(all, ok("ssh", "identity_file %s can be read", s.IdentityFile))
		}
	}
	if s.KnownHostsFile != "" {
		raw, f, bad := regular("ssh", "known_hosts_file", s.KnownHostsFile)
		switch {
		case bad:
			all = append(all, f)
		case strings.TrimSpace(string(raw)) == "":
			all = append(all, failed("ssh", "write the front-end's host key into it", "known_hosts_file %s is empty", s.KnownHostsFile))
		default:
			all = append(all, ok("ssh", "known_hosts_file %s can be read", s.KnownHostsFile))
		}
	}
	return all
}

// sshRefuses reports whether ssh refuses a private key because its owner, the account of
// the scaler, lets others read it (OpenSSH: authfile.c, sshkey_perm_ok).
func sshRefuses(file string) bool {
	var s unix.Stat_t
	return unix.Stat(file, &s) == nil && int(s.Uid) == os.Getuid() && s.Mode&0o077 != 0
}

// tokens looks at a folder of tokens, or at a file with one.
func (d Doctor) tokens(path, option string) []Finding {
	files, err := filesIn(path)
	if err != nil {
		return []Finding{failed("tokens", "correct "+option+" in the queue block, or let the account of the scaler read it", "%s: %v", option, err)}
	}
	var all []Finding
	for _, file := range files {
		raw, f, bad := regular("tokens", option, file)
		if bad {
			all = append(all, f)
			continue
		}
		if f, bad := private("tokens", option, file); bad {
			all = append(all, f)
		}
		for line := range strings.Lines(string(raw)) {
			if end, is := tokenEnds(strings.TrimSpace(line)); is && end.IsZero() {
				all = append(all, ok("tokens", "the token in %s has no end", file))
			} else if is {
				all = append(all, d.ends("tokens", "the token in "+file, "make a new token", end))
			}
		}
	}
	if len(all) == 0 {
		return []Finding{failed("tokens", "put a token into it that allows to read the queue and the workers", "%s %s holds no token", option, path)}
	}
	return all
}

// filesIn returns the regular files of a folder; of another path the path itself.
func filesIn(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, unix.ENOTDIR) {
		return []string{path}, nil
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		file := filepath.Join(path, e.Name())
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			files = append(files, file)
		}
	}
	return files, nil
}

// tokenEnds reads the end of a JSON web token (RFC 7519), which a file may also hold as
// NAME=TOKEN; zero: it has none. Its signature is the pool's matter.
func tokenEnds(token string) (time.Time, bool) {
	if _, value, named := strings.Cut(token, "="); named {
		token = value
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Exp *float64 `json:"exp"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return time.Time{}, false
	}
	if claims.Exp == nil || *claims.Exp <= 0 || *claims.Exp > 1<<40 {
		return time.Time{}, true
	}
	return time.Unix(int64(*claims.Exp), 0), true
}
