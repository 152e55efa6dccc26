package trust

import (
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func parse(t *testing.T, authorized string) ssh.PublicKey {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(authorized))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCoordinatorCertificate(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	pair, err := ca.Coordinator("astro", now)
	if err != nil {
		t.Fatal(err)
	}
	cert, ok := parse(t, pair.Certificate).(*ssh.Certificate)
	if !ok || cert.CertType != ssh.UserCert {
		t.Fatal("no user certificate")
	}
	cases := []struct {
		name      string
		principal string
		at        time.Time
		ok        bool
	}{
		{"at once", CoordinatorPrincipal, now, true},
		{"on a node whose clock is behind", CoordinatorPrincipal, now.Add(-4 * time.Minute), true},
		{"just before its end", CoordinatorPrincipal, now.Add(CoordinatorTTL - time.Second), true},
		{"after two hours", CoordinatorPrincipal, now.Add(CoordinatorTTL + time.Second), false},
		{"as anybody else", "root", now, false},
	}
	for _, tc := range cases {
		checker := ssh.CertChecker{Clock: func() time.Time { return tc.at }}
		if err := checker.CheckCert(tc.principal, cert); (err == nil) != tc.ok {
			t.Errorf("%s: %v, want ok %t", tc.name, err, tc.ok)
		}
	}
	if string(cert.SignatureKey.Marshal()) != string(parse(t, ca.Public()).Marshal()) {
		t.Error("signed by another key")
	}
	if _, err := ssh.ParsePrivateKey([]byte(pair.Private)); err != nil {
		t.Errorf("private half: %v", err)
	}
}

func TestHostKeyIsGoodForItsNodeOnly(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	pair, err := ca.HostKey("astro-cpu-1", now)
	if err != nil {
		t.Fatal(err)
	}
	cert, ok := parse(t, pair.Certificate).(*ssh.Certificate)
	if !ok || cert.CertType != ssh.HostCert {
		t.Fatal("no host certificate")
	}
	for _, row := range []struct {
		what, name string
		at         time.Time
		good       bool
	}{
		{"its own name", "astro-cpu-1", now, true},
		{"another node's name", "astro-cpu-2", now, false},
		{"to a front-end whose clock has not been set", "astro-cpu-1", time.Unix(0, 0), true},
		{"just before its end", "astro-cpu-1", now.Add(FirstHostKeyTTL - time.Second), true},
		{"after its end", "astro-cpu-1", now.Add(FirstHostKeyTTL + time.Second), false},
	} {
		checker := ssh.CertChecker{Clock: func() time.Time { return row.at }}
		if err := checker.CheckCert(row.name, cert); (err == nil) != row.good {
			t.Errorf("%s: %v", row.what, err)
		}
	}
}

func TestFingerprintIsOfTheKeyAlone(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	if Fingerprint(ca.Public()) != Fingerprint(ca.Public()+"\n") {
		t.Error("the fingerprint depends on a newline")
	}
	if Fingerprint(ca.Public()) == Fingerprint(other.Public()) {
		t.Error("two keys have one fingerprint")
	}
}

// What a front-end reports as its key becomes a line of people's files: one key, and
// nothing beside it.
func TestParsePublicTakesOneKey(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	host, err := ca.HostKey("astro-cpu-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		ca.Public():                   ca.Public(),
		ca.Public() + " root@astro\n": ca.Public(),
		"":                            "",
		"ssh-ed25519":                 "",
		"ssh-ed25519 AAAA":            "",
		ca.Public() + "\n@cert-authority * " + ca.Public(): "",
		ca.Public() + "\n" + ca.Public():                   "",
		`command="sh" ` + ca.Public():                      "",
		host.Certificate:                                   "",
	} {
		if got, err := ParsePublic(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}
