package config

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

// Web holds the address of the page and the conditions for access to it.
type Web struct {
	Listen          string   // host:port; "" shows nothing
	Hosts           []string // names under which the page is served, beside this machine's and the certificate's
	Username        string   // basic authentication
	PasswordFile    string   // "": PasswordVariable
	CertificateFile string   // TLS
	KeyFile         string
	ClientCAFile    string // clients need a certificate of it
	Open            bool   // to everyone that reaches it, in clear text
}

// PasswordVariable is the environment variable that holds the page's password if no file
// does.
const PasswordVariable = "VMCLUSTER_SCALER_PASSWORD" //nolint:gosec // G101: the name of a variable

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?$`)

func (w *Web) options() []option.Option {
	hosts := option.Words("hosts", &w.Hosts, func(s string) error {
		if !hostName.MatchString(s) {
			return fmt.Errorf("%q is not a host name without a port, such as \"scaler.example.org\"", s)
		}
		return nil
	})
	return []option.Option{
		hosts,
		option.Text("username", "", &w.Username, func(s string) error {
			if strings.Contains(s, ":") { // RFC 7617, section 2
				return fmt.Errorf("%q holds a colon, and no browser can send such a name", s)
			}
			return option.OneWord(s)
		}),
		option.Text("password_file", "", &w.PasswordFile, nil),
		option.Text("certificate_file", "", &w.CertificateFile, nil),
		option.Text("key_file", "", &w.KeyFile, nil),
		option.Text("client_ca_file", "", &w.ClientCAFile, nil),
		option.Boolean("open", "false", &w.Open),
	}
}

func address(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:9180", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is not a port from 0 to 65535", port)
	}
	return nil
}

// Loopback reports whether only this machine reaches the page.
func (w *Web) Loopback() bool {
	host, _, err := net.SplitHostPort(w.Listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// web decodes the block, and refuses a page that everyone could read by mistake.
func (d *decoder) web(body hcl.Body, blocks map[string][]*hcl.Block, w *Web) {
	b := d.atMostOne(blocks, "web")
	at := body.MissingItemRange()
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "listen"}}})
	listen := content.Attributes["listen"]
	if listen != nil {
		at = listen.Expr.Range()
	}
	before := len(d.diags)
	if b == nil {
		option.SetDefaults(w.options())
	} else {
		at = b.DefRange
		d.body(b.Body, w.options())
	}
	switch {
	case len(d.diags) > before: // what the block means is not known
	case b != nil && listen == nil:
		d.fail(at, "Missing listen", "A web block says how the page is shown; set listen to where, for example: listen = \"127.0.0.1:9180\".")
	case (w.CertificateFile == "") != (w.KeyFile == ""):
		d.fail(at, "Incomplete TLS", "certificate_file and key_file go together.")
	case w.ClientCAFile != "" && w.CertificateFile == "":
		d.fail(at, "Incomplete TLS", "client_ca_file needs certificate_file and key_file.")
	case w.PasswordFile != "" && w.Username == "":
		d.fail(at, "Missing username", "password_file is of no use without username.")
	case w.Listen != "" && !w.Loopback() && w.Username == "" && w.ClientCAFile == "" && !w.Open:
		d.fail(at, "Open to the network", w.Listen+" can be reached from other machines, and every client there could read the page: "+
			"set username, or client_ca_file with certificate_file and key_file, in a web block; or write open = true there. "+
			"A certificate without client_ca_file encrypts, and keeps no client out.")
	}
}
