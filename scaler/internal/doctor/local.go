package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
)

// soon is the time before a certificate's or a token's end from which on it is worth a
// warning.
const soon = 14 * 24 * time.Hour

// shortPassword is the length below which a password that the network can try is guessed
// sooner or later.
const shortPassword = 12

// settings looks at the settings of the login.
func (d Doctor) settings() Finding {
	from := "the OS_* variables"
	if d.Config.Cloud != "" {
		from = fmt.Sprintf("entry %q of clouds.yaml", d.Config.Cloud)
	}
	if err := (openstack.Config{Cloud: d.Config.Cloud}).Check(); err != nil {
		return failed("cloud", "correct cloud in the configuration, clouds.yaml, or the OS_* variables", "the settings of the login are incomplete: %v", err)
	}
	return ok("cloud", "the settings of the login are complete: %s", from)
}

// page looks at the page's password and certificates.
func (d Doctor) page() []Finding {
	w := d.Config.Web
	var all []Finding
	if w.Username != "" {
		all = append(all, d.password(w))
	}
	if w.CertificateFile != "" {
		pair, err := tls.LoadX509KeyPair(w.CertificateFile, w.KeyFile)
		if err != nil {
			all = append(all, failed("page", "correct certificate_file and key_file in the web block", "the page's certificate can't be used: %v", err))
		} else {
			all = append(all, d.ends("page", "the page's certificate", "renew certificate_file", pair.Leaf.NotAfter))
		}
		if f, bad := private("page", "key_file", w.KeyFile); bad {
			all = append(all, f)
		}
	}
	if w.ClientCAFile != "" {
		all = append(all, d.clientCAs(w.ClientCAFile)...)
	}
	return all
}

func (d Doctor) password(w config.Web) Finding {
	text := os.Getenv(config.PasswordVariable)
	if w.PasswordFile != "" {
		raw, f, bad := regular("page", "password_file", w.PasswordFile)
		if bad {
			return f
		}
		if f, bad := private("page", "password_file", w.PasswordFile); bad {
			return f
		}
		text = firstLine(raw)
	}
	switch {
	case text == "" && w.PasswordFile != "":
		return failed("page", "write a password into it", "the first line of password_file %s is empty", w.PasswordFile)
	case text == "":
		return failed("page", "set password_file in the web block, or the variable "+config.PasswordVariable, "the page asks for a password, and none is set")
	case len(text) < shortPassword && !w.Loopback():
		return warning("page", "take a longer one, such as that of: openssl rand -base64 18", "the page's password has %d characters, and the network can try it", len(text))
	}
	return ok("page", "the page's password is set")
}

func (d Doctor) clientCAs(file string) []Finding {
	raw, f, bad := regular("page", "client_ca_file", file)
	if bad {
		return []Finding{f}
	}
	var all []Finding
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return append(all, failed("page", "correct client_ca_file in the web block", "a certificate in client_ca_file %s can't be read: %v", file, err))
		}
		all = append(all, d.ends("page", "the clients' CA certificate "+c.Subject.String(), "renew it in client_ca_file", c.NotAfter))
	}
	if len(all) == 0 {
		return []Finding{failed("page", "write CA certificates into it, PEM", "client_ca_file %s holds no certificate", file)}
	}
	return all
}

// ends judges the end of a certificate or a token.
func (d Doctor) ends(part, what, do string, end time.Time) Finding {
	day := end.UTC().Format("2006-01-02 15:04 UTC")
	switch left := end.Sub(d.Now()); {
	case left <= 0:
		return failed(part, do, "%s ended on %s", what, day)
	case left < soon:
		return warning(part, do, "%s ends on %s", what, day)
	}
	return ok(part, "%s is valid until %s", what, day)
}

// decisions looks at the file of decisions.
func (d Doctor) decisions() []Finding {
	file := d.Config.Decisions
	if file == "" {
		return nil
	}
	info, err := os.Stat(file)
	where := file
	switch {
	case err == nil && !info.Mode().IsRegular():
		return []Finding{failed("files", "name another file with decisions in the log block", "%s is no regular file", file)}
	case err != nil:
		where = filepath.Dir(file)
		if _, err := os.Stat(where); err != nil {
			return []Finding{failed("files", "make the folder, or name another file with decisions in the log block", "the folder of the file of decisions is not there: %v", err)}
		}
	}
	if err := unix.Access(where, unix.W_OK); err != nil {
		return []Finding{failed("files", "let the account of the scaler write there", "the file of decisions can't be written: %s: %v", where, err)}
	}
	return []Finding{ok("files", "the file of decisions can be written: %s", file)}
}

// leastSpace is the room that a month of decisions takes.
const leastSpace = 64 << 20

// space looks at the room for the files that the scaler writes.
func (d Doctor) space() []Finding {
	folders := map[string]string{}
	if d.Config.Decisions != "" {
		folders[filepath.Dir(d.Config.Decisions)] = "the file of decisions"
	}
	if d.Config.Actuator == config.ActuatorTerraform {
		folders[d.Config.Terraform.Directory] = "the configuration and its state"
	}
	var all []Finding
	for folder, what := range folders {
		var s unix.Statfs_t
		if err := unix.Statfs(folder, &s); err != nil {
			continue // the folder has a finding of its own
		}
		free := s.Bavail * uint64(s.Bsize) //nolint:gosec // G115: a block has a positive size
		if free < leastSpace {
			all = append(all, failed("disk", "make room there", "%s: %d MiB are free for %s, %d are needed", folder, free>>20, what, leastSpace>>20))
		} else {
			all = append(all, ok("disk", "%s: %d MiB are free for %s", folder, free>>20, what))
		}
	}
	return all
}
