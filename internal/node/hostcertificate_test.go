package node_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// askWorker puts a request to a worker and prints why that fails.
const askWorker = `
import sys
sys.path.insert(0, "..")
from node import calls, files, ssh
files.ROOT = sys.argv[1]
real = ssh.ask
ssh.ask = lambda *a, **more: real(*a, **dict(more, ControlMaster="no", ControlPath="none", Port=sys.argv[2]))
try:
    print(calls.Calls(None).remote("astro-cpu-1", "127.0.0.1", {"verb": "ping"}))
except Exception as error:
    print(error)
`

// What the coordinator makes of a worker's host certificate, with OpenSSH's own client:
// it needs a certificate that is good now, unless it knows the key itself.
func TestHostCertificatesTowardsTheCoordinator(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Log("there is no ssh of OpenSSH's here")
		return
	}
	ca, key := newSigner(t), newSigner(t)
	const refused, verified = "its host certificate is not valid now", "Permission denied"
	caLine, keyLine := "@cert-authority astro-cpu-1 "+authorized(ca), "astro-cpu-1 "+authorized(key)
	day := 24 * time.Hour
	for _, row := range []struct {
		name, known string
		from, to    time.Duration // the certificate's ends, from now
		want        string
	}{
		{"good, of a CA that is known", caLine, -day, 90 * day, verified},
		{"expired", caLine, -91 * day, -day, refused},
		{"not good yet", caLine, 2 * day, 90 * day, refused},
		{"expired, but the key is known", keyLine, -91 * day, -day, verified},
		{"of a CA that is not known", "@cert-authority astro-cpu-1 " + authorized(newSigner(t)), -day, 90 * day, "Host key verification failed"},
	} {
		certificate := &ssh.Certificate{
			Key: key.PublicKey(), CertType: ssh.HostCert, KeyId: "astro-cpu-1", ValidPrincipals: []string{"astro-cpu-1"},
			ValidAfter: uint64(time.Now().Add(row.from).Unix()), ValidBefore: uint64(time.Now().Add(row.to).Unix()),
		}
		if err := certificate.SignCert(rand.Reader, ca); err != nil {
			t.Fatal(err)
		}
		shown, err := ssh.NewCertSigner(certificate, key)
		if err != nil {
			t.Fatal(err)
		}
		root := t.TempDir()
		state := filepath.Join(root, "var/lib/vmcluster-node")
		if err := os.MkdirAll(state, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, "known_hosts"), []byte(row.known+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "python3", "-B", "-c", askWorker, root, serveSSH(t, shown, key))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), row.want) {
			t.Errorf("%s: %v\n%s", row.name, err, out)
		}
	}
}

// serveSSH runs a server that shows host keys and lets no client in; it returns its port.
func serveSSH(t *testing.T, keys ...ssh.Signer) string {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, os.ErrPermission }}
	for _, key := range keys {
		config.AddHostKey(key)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			ssh.NewServerConn(conn, config) // no client gets in
			conn.Close()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func authorized(key ssh.Signer) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
}
