package command

import "strings"

// common are the variables that every child gets: how programs are found, where files
// are, language and time zone. None of them holds a credential.
var common = []string{
	"PATH", "LD_LIBRARY_PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_RUNTIME_DIR",
	"LANG", "LANGUAGE", "LC_*", "TZ", "TERM",
}

// ForSSH are the variables that ssh needs beside those of every child: its agent's
// socket, and Kerberos tickets.
var ForSSH = []string{"SSH_AUTH_SOCK", "KRB5CCNAME", "KRB5_CONFIG"}

// ForTerraform are the variables that Terraform and OpenTofu need beside those of every
// child: their own, the cloud's credentials, those of the provider, proxies and CA
// certificates, and the agent by which modules are fetched.
var ForTerraform = []string{
	"TF_*", "TOFU_*", "OPENTOFU_*", "CHECKPOINT_DISABLE", "OS_*", "VMCLUSTER_PROGRESS", "VMCLUSTER_DELETE_UNFINISHED", "XDG_CONFIG_HOME",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"SSH_AUTH_SOCK",
}

// Environment returns those of the variables, each NAME=VALUE, that every child gets, and
// those that a further name allows. A name with * at its end stands for all names that
// begin so.
func Environment(environ []string, further ...string) []string {
	var out []string
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if allowed(name, common) || allowed(name, further) {
			out = append(out, v)
		}
	}
	return out
}

func allowed(name string, names []string) bool {
	for _, n := range names {
		if prefix, open := strings.CutSuffix(n, "*"); n == name || open && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
