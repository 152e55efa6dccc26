package trust

import (
	"strings"
	"testing"
)

func TestASignatureIsForOneKeyPurposeAndText(t *testing.T) {
	ca, other := mustCA(t), mustCA(t)
	signature, err := ca.Sign(ForReport, "text")
	if err != nil || len(signature) != signatureSize {
		t.Fatalf("%d characters, %v", len(signature), err)
	}
	for _, row := range []struct {
		name, public string
		purpose      Purpose
		text         string
		signature    string
		good         bool
	}{
		{"as it was signed", ca.Public(), ForReport, "text", signature, true},
		{"another key", other.Public(), ForReport, "text", signature, false},
		{"another purpose", ca.Public(), ForReportKey, "text", signature, false},
		{"another text", ca.Public(), ForReport, "text ", signature, false},
		{"a signature that was cut off", ca.Public(), ForReport, "text", signature[:80], false},
		{"a signature with padding", ca.Public(), ForReport, "text", signature + "==", false},
		{"no signature", ca.Public(), ForReport, "text", "", false},
		{"no key", "", ForReport, "text", signature, false},
		{"a key with a comment", ca.Public() + " me", ForReport, "text", signature, false},
	} {
		if err := Verify(row.public, row.purpose, row.text, row.signature); (err == nil) != row.good {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func mustCA(t testing.TB) *CA {
	t.Helper()
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// What is taken for a public key is one line that ssh programs read as that key alone.
func FuzzCheckPublic(f *testing.F) {
	key := mustCA(f).Public()
	for _, text := range []string{key, key + "\n", key + " comment", `command="x" ` + key, "ssh-ed25519 AAAA", key[:40] + "\n" + key[40:], "ssh-rsa AAAAB3NzaC1yc2E", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if CheckPublic(text) != nil {
			return
		}
		read, err := parsePublic(text)
		if err != nil || authorized(read) != text || strings.ContainsAny(text, "\r\n\"'\\") {
			t.Errorf("%q is taken for a key", text)
		}
	})
}

// No signature is good but the one that was made.
func FuzzVerify(f *testing.F) {
	ca := mustCA(f)
	signature, err := ca.Sign(ForReport, "text")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ca.Public(), "text", signature)
	f.Add(ca.Public(), "text", strings.Repeat("A", 86))
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "text", strings.Repeat("A", 86))
	f.Fuzz(func(t *testing.T, public, text, given string) {
		if Verify(public, ForReport, text, given) == nil && public == ca.Public() && (text != "text" || given != signature) {
			t.Errorf("%q is a signature of %q", given, text)
		}
	})
}

// A text that a user gives as the CA's key never shows in the error about it.
func FuzzParseCA(f *testing.F) {
	pem, err := mustCA(f).PrivatePEM()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pem)
	f.Add(pem[:100])
	f.Add("-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		ca, err := ParseCA(text)
		if err != nil {
			if len(text) > 20 && strings.Contains(err.Error(), text) {
				t.Errorf("the error holds the text: %v", err)
			}
			return
		}
		again, err := ca.PrivatePEM()
		if err != nil {
			t.Fatal(err)
		}
		if same, err := ParseCA(again); err != nil || same.Public() != ca.Public() {
			t.Errorf("read back: %v", err)
		}
	})
}
