package sshkeygen_test

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/sshkeygen"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// programs returns ours and, where it is installed, OpenSSH's.
func programs(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"ours": filepath.Join(sshkeygen.Install(t), "ssh-keygen")}
	if path, err := exec.LookPath("ssh-keygen"); err == nil {
		all["OpenSSH's"] = path
	} else {
		t.Log("there is no ssh-keygen of OpenSSH's here to compare with")
	}
	return all
}

func works(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	out, err := keygen(t, dir, program, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return out
}

func keygen(t *testing.T, dir, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	return string(out), err
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// fields returns the type and the base64 of a public key's line.
func fields(line string) string { return strings.Join(strings.Fields(line)[:2], " ") }

// What one program makes, each program reads and shows in the same words.
func TestEachReadsWhatTheOthersMake(t *testing.T) {
	all := programs(t)
	for maker, made := range all {
		t.Run(maker, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"ca", "key"} {
				works(t, dir, made, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name)
			}
			works(t, dir, made, "-q", "-s", "ca", "-I", "astro-cpu-1", "-h", "-n", "astro-cpu-1", "key.pub")
			for name, mode := range map[string]os.FileMode{"key": 0o600, "key.pub": 0o644, "key-cert.pub": 0o644} {
				if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
					t.Errorf("%s: %v, %v, want the mode %v", name, info.Mode(), err, mode)
				}
			}
			shown := map[string]string{}
			for reader, program := range all {
				if got := works(t, dir, program, "-y", "-f", "key"); fields(got) != fields(read(t, dir, "key.pub")) {
					t.Errorf("%s reads the key as %s", reader, got)
				}
				shown[reader] = works(t, dir, program, "-l", "-f", "ca.pub") + works(t, dir, program, "-L", "-f", "key-cert.pub")
			}
			for reader, text := range shown {
				if text != shown["ours"] {
					t.Errorf("%s shows\n%s\nand ours\n%s", reader, text, shown["ours"])
				}
			}
			for _, text := range []string{
				"256 SHA256:", " no comment (ED25519)\n", "host certificate\n", "Valid: forever\n",
				"        Key ID: \"astro-cpu-1\"\n", "Principals: \n                astro-cpu-1\n",
				"Signing CA: ED25519 " + strings.Fields(shown["ours"])[1] + " (using ssh-ed25519)\n",
			} {
				if !strings.Contains(shown["ours"], text) {
					t.Errorf("%q is missing in\n%s", text, shown["ours"])
				}
			}
		})
	}
}

// A certificate that ends begins and ends when OpenSSH's does, to a few seconds.
func TestACertificateEnds(t *testing.T) {
	for name, program := range programs(t) {
		dir := t.TempDir()
		for _, key := range []string{"ca", "key"} {
			works(t, dir, program, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
		}
		before := time.Now().Add(-5 * time.Second)
		works(t, dir, program, "-q", "-s", "ca", "-I", "astro-cpu-1", "-h", "-n", "astro-cpu-1", "-V", "-1d:+90d", "key.pub")
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(read(t, dir, "key-cert.pub")))
		if err != nil {
			t.Fatal(err)
		}
		checker := ssh.CertChecker{}
		for at, good := range map[time.Duration]bool{
			-25 * time.Hour: false, -23 * time.Hour: true, 0: true, 90*24*time.Hour - time.Minute: true, 90*24*time.Hour + time.Minute: false,
		} {
			checker.Clock = func() time.Time { return before.Add(at) }
			if err := checker.CheckCert("astro-cpu-1", key.(*ssh.Certificate)); (err == nil) != good { //nolint:forcetypeassert // it panics
				t.Errorf("%s: after %s: %v", name, at, err)
			}
		}
		shown := works(t, dir, program, "-L", "-f", "key-cert.pub")
		if all := programs(t); works(t, dir, all["ours"], "-L", "-f", "key-cert.pub") != shown || !strings.Contains(shown, "Valid: from 20") {
			t.Errorf("%s shows\n%s", name, shown)
		}
	}
	if out, err := keygen(t, t.TempDir(), programs(t)["ours"], "-q", "-s", "ca", "-I", "x", "-h", "-V", "always:forever", "key.pub"); err == nil {
		t.Errorf("an interval that is not understood works: %s", out)
	}
}

// What one program signs, each program verifies, for its namespace, key and text only.
// The 64 bytes at a signature's end are what the node program sends of it.
func TestSignaturesOfMessages(t *testing.T) {
	all := programs(t)
	for maker, made := range all {
		t.Run(maker, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"key", "other"} {
				works(t, dir, made, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name)
			}
			armored := speak(t, dir, "a message", made, "-Y", "sign", "-q", "-f", "key", "-n", "reports")
			write := func(name, text string) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("signature", armored)
			write("allowed", "me "+fields(read(t, dir, "key.pub"))+"\n")
			write("others", "me "+fields(read(t, dir, "other.pub"))+"\n")
			public := fields(read(t, dir, "key.pub"))
			if err := trust.Verify(public, "reports", "a message", lastBytes(t, armored)); err != nil {
				t.Errorf("the package trust: %v", err)
			}
			for reader, program := range all {
				for _, row := range []struct {
					text, allowed, namespace string
					good                     bool
				}{
					{"a message", "allowed", "reports", true},
					{"a massage", "allowed", "reports", false},
					{"a message", "others", "reports", false},
					{"a message", "allowed", "documents", false},
				} {
					cmd := exec.CommandContext(t.Context(), program, "-Y", "verify", "-f", row.allowed, "-I", "me", "-n", row.namespace, "-s", "signature")
					cmd.Dir, cmd.Stdin = dir, strings.NewReader(row.text)
					if out, err := cmd.CombinedOutput(); (err == nil) != row.good || row.good && !strings.HasPrefix(string(out), "Good \"reports\" signature for me with ED25519 key SHA256:") {
						t.Errorf("%s: %+v: %v\n%s", reader, row, err, out)
					}
				}
			}
		})
	}
}

// lastBytes returns the last 64 bytes of an armored signature in base64.
func lastBytes(t *testing.T, armored string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(armored), "\n")
	blob, err := base64.StdEncoding.DecodeString(strings.Join(lines[1:len(lines)-1], ""))
	if err != nil || len(blob) < 64 {
		t.Fatalf("signature %q: %v", armored, err)
	}
	return base64.RawStdEncoding.EncodeToString(blob[len(blob)-64:])
}

// speak runs a program with a text on its stdin.
func speak(t *testing.T, dir, text, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v", program, args, err)
	}
	return string(out)
}

// Both halves of a key have the same form, whichever program makes them.
func TestFilesHaveTheSameForm(t *testing.T) {
	for name, program := range programs(t) {
		dir := t.TempDir()
		works(t, dir, program, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key")
		private, public := read(t, dir, "key"), read(t, dir, "key.pub")
		if !strings.HasPrefix(private, "-----BEGIN OPENSSH PRIVATE KEY-----\n") || !strings.HasSuffix(private, "\n-----END OPENSSH PRIVATE KEY-----\n") {
			t.Errorf("%s: the private key's form is another one", name)
		}
		if !strings.HasPrefix(public, "ssh-ed25519 AAAA") || len(strings.Fields(public)) != 2 || !strings.HasSuffix(public, " \n") {
			t.Errorf("%s: public key %q", name, public)
		}
	}
}

// A key with a passphrase is not read without it, and is read with it.
func TestPassphrase(t *testing.T) {
	all := programs(t)
	for maker, made := range all {
		for reader, program := range all {
			dir := t.TempDir()
			works(t, dir, made, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key")
			works(t, dir, made, "-q", "-p", "-P", "", "-N", "a passphrase", "-f", "key")
			// OpenSSH's asks for the passphrase on a terminal where one is; it is given a wrong one instead.
			if out, err := keygen(t, dir, program, "-p", "-P", "wrong", "-N", "", "-f", "key"); err == nil {
				t.Errorf("%s opens a locked key of %s: %s", reader, maker, out)
			}
			works(t, dir, program, "-q", "-p", "-P", "a passphrase", "-N", "", "-f", "key")
			if got := works(t, dir, program, "-y", "-f", "key"); fields(got) != fields(read(t, dir, "key.pub")) {
				t.Errorf("%s: the key of %s is another one after its passphrase went: %s", reader, maker, got)
			}
		}
	}
}

func TestMistakesAreRefused(t *testing.T) {
	for name, program := range programs(t) {
		dir := t.TempDir()
		works(t, dir, program, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key")
		before := read(t, dir, "key")
		if err := os.WriteFile(filepath.Join(dir, "torn"), []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key"}, // it exists
			{"-y", "-f", "nowhere"},
			{"-y", "-f", "torn"},
			{"-L", "-f", "key.pub"},
			{"-L", "-f", "nowhere"},
			{"-l", "-f", "nowhere"},
			{"-q", "-s", "nowhere", "-I", "x", "-h", "-n", "x", "key.pub"},
			{"-q", "-s", "key", "-I", "x", "-h", "-n", "x", "nowhere.pub"},
			{"-q", "-t", "nonsense", "-N", "", "-f", "other"},
			{"-?"},
		} {
			if out, err := keygen(t, dir, program, args...); err == nil {
				t.Errorf("%s %q: it works, and prints %s", name, args, out)
			}
		}
		if read(t, dir, "key") != before {
			t.Errorf("%s: the key that exists is written over", name)
		}
	}
}
