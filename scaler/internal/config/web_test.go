package config

import (
	"strings"
	"testing"
)

func TestWeb(t *testing.T) {
	tls := "  certificate_file = \"/c\"\n  key_file = \"/k\"\n"
	tests := []struct{ name, listen, web, want string }{
		{"nothing", "", "", ""},
		{"loopback", "127.0.0.1:9180", "", ""},
		{"loopback by name", "localhost:0", "", ""},
		{"loopback, version 6", "[::1]:9180", "", ""},
		{"all addresses", "0.0.0.0:9180", "", "s.hcl:1:10: Open to the network: 0.0.0.0:9180 can be reached from other machines"},
		{"all addresses, shorter", ":9180", "", "Open to the network"},
		{"a name", "astro-frontend:9180", "", "Open to the network"},
		{"with a password", ":9180", "  username = \"ops\"\n", ""},
		{"with TLS alone", ":9180", tls, "s.hcl:6:1: Open to the network: :9180 can be reached from other machines, and every client there could read the page: set username, or client_ca_file"},
		{"with clients' certificates", ":9180", tls + "  client_ca_file = \"/ca\"\n", ""},
		{"with TLS and a password", ":9180", tls + "  username = \"ops\"\n", ""},
		{"with host names", "127.0.0.1:9180", "  hosts = [\"astro-frontend\", \"scaler.example.org\", \"10.0.0.7\"]\n", ""},
		{"a host with a port", "127.0.0.1:9180", "  hosts = [\"astro-frontend:9180\"]\n", `s.hcl:7:11: Unsuitable value: hosts: "astro-frontend:9180" is not a host name without a port`},
		{"an address in place of a host", "127.0.0.1:9180", "  hosts = [\"http://astro/\"]\n", `"http://astro/" is not a host name`},
		{"as it was told", ":9180", "  open = true\n", ""},
		{"no port", "127.0.0.1", "", `s.hcl:1:10: Unsuitable value: listen: "127.0.0.1" is not host:port`},
		{"a port that is none", "127.0.0.1:http", "", `"http" is not a port`},
		{"a block without listen", "", "  open = true\n", "s.hcl:6:1: Missing listen"},
		{"a certificate without its key", ":9180", "  certificate_file = \"/c\"\n", "s.hcl:6:1: Incomplete TLS: certificate_file and key_file go together"},
		{"clients' certificates without one's own", ":9180", "  username = \"ops\"\n  client_ca_file = \"/c\"\n", "client_ca_file needs certificate_file"},
		{"a password without a user", "127.0.0.1:1", "  password_file = \"/p\"\n", "Missing username"},
		{"a password in the file", "127.0.0.1:1", "  password = \"x\"\n", `An argument named "password" is not expected here`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := smallest
			if tt.listen != "" {
				file = "listen = \"" + tt.listen + "\"" + file
			}
			if tt.web != "" {
				file += "\nweb {\n" + tt.web + "}\n"
			}
			c, err := Parse("s.hcl", []byte(file))
			switch {
			case tt.want == "" && (err != nil || c.Web.Listen != tt.listen):
				t.Errorf("listens on %q, %v", c.Web.Listen, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}
