//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

var (
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----`)
	anyBase64  = regexp.MustCompile(`[A-Za-z0-9+/]{60,}={0,2}`)
	indented   = regexp.MustCompile(`(?m)^[ \t]+`)
	password   = regexp.MustCompile(`(?i)\bpassw(or)?d"?\s*[:=]\s*\S+`)
)

// secrets reads the state, the plan, the debug log and every node's user data,
// and looks for private keys and passwords.
func (s *story) secrets(t *testing.T) {
	planned, err := s.cli.Run(t.Context(), "plan", "-no-color", "-out=plan.bin")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := s.cli.Run(t.Context(), "show", "-json", "plan.bin")
	if err != nil {
		t.Fatal(err)
	}
	// The file itself: "show" leaves out the resource's private part, which is
	// packed twice. A CA key that is not given would be there.
	state, err := os.ReadFile(filepath.Join(s.cli.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(s.cli.Dir, "debug.log"))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"plan": planned, "plan as JSON": shown, "state": unpacked(unpacked(string(state))), "debug log": string(log)} {
		if privateKey.MatchString(text) || strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("the %s holds a private key", what)
		}
		if password := os.Getenv("OS_PASSWORD"); password != "" && strings.Contains(text, password) {
			t.Errorf("the %s holds the cloud's password", what)
		}
	}
	t.Logf("plan, state and %d kB of debug log hold no private key", len(log)/1024)

	for _, n := range s.servers(t) {
		s.userData(t, n)
	}
}

// userData expects in a worker's user data one private key, the throw-away host
// key that the join has replaced; in the front-end's one, whose certificate ends
// within two hours; and no password.
func (s *story) userData(t *testing.T, n cluster.Node) {
	t.Helper()
	node := s.asOperator(n)
	raw := node.must(t, "sudo -n curl -s http://169.254.169.254/openstack/latest/user_data | base64 -w0")
	data, err := base64.StdEncoding.DecodeString(raw)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := cloudinit.Text(data) // it may have been sent compressed
	if err != nil {
		t.Fatal(err)
	}
	parts := unpack(plain)
	text := strings.Join(parts, "\n")
	keys := privateKey.FindAllString(text, -1)
	if len(keys) != 1 {
		t.Errorf("%s: %d private keys in its user data, want 1", n.Name, len(keys))
		return
	}
	signer, err := ssh.ParsePrivateKey([]byte(indented.ReplaceAllString(keys[0], "") + "\n"))
	if err != nil {
		t.Fatalf("%s: %v", n.Name, err)
	}
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	for _, part := range parts {
		// The node program contains the word and no password.
		if !strings.HasPrefix(part, "#!/usr/bin/python3") && password.MatchString(part) {
			t.Errorf("%s: a password in its user data: %s", n.Name, password.FindString(part))
		}
	}
	if !strings.Contains(text, "#!/usr/bin/python3") {
		t.Errorf("%s: its user data was not unpacked: no program in it", n.Name)
	}
	if n.Role == cluster.RoleWorker {
		now := node.must(t, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
		if now == public {
			t.Errorf("%s still shows the host key of its user data", n.Name)
		}
		use := node.must(t, "sudo -n grep -rlF '"+strings.Fields(public)[1]+"' /etc/ssh /home /root /var/lib/vmcluster 2>/dev/null || true")
		if use != "" {
			t.Errorf("%s: the throw-away key is still named in %s", n.Name, use)
		}
		return
	}
	line := regexp.MustCompile(`ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/=]+`).FindString(text)
	parsed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatalf("%s: no coordinator's certificate in its user data: %v", n.Name, err)
	}
	cert, ok := parsed.(*ssh.Certificate)
	if !ok {
		t.Fatalf("%s: %q is no certificate", n.Name, line)
	}
	if life := time.Duration(cert.ValidBefore-cert.ValidAfter) * time.Second; life > 2*time.Hour+10*time.Minute {
		t.Errorf("the coordinator's certificate is good for %s", life)
	}
}

// unpacked returns text with every base64 part of it behind it.
func unpacked(text string) string { return strings.Join(unpack(text), "\n") }

// unpack returns text and every base64 part of it, unzipped where it is zipped.
func unpack(text string) []string {
	out := []string{text}
	for _, part := range anyBase64.FindAllString(text, -1) {
		raw, err := base64.StdEncoding.DecodeString(part)
		if err != nil {
			continue
		}
		if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
			if plain, err := io.ReadAll(z); err == nil {
				raw = plain
			}
		}
		out = append(out, string(raw))
	}
	return out
}
