package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestCAIsReadBack(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	text, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseCA(text)
	if err != nil || again.Public() != ca.Public() {
		t.Errorf("read back: %v", err)
	}
}

func TestParseCASaysWhatIsWrong(t *testing.T) {
	ca, err := NewCA()
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(ca.key, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := ssh.MarshalPrivateKey(other, "")
	if err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{
		"":                                 "no private key",
		ca.Public():                        "no private key",
		string(pem.EncodeToMemory(locked)): "encrypted",
		string(pem.EncodeToMemory(wrong)):  "ed25519",
	} {
		if _, err := ParseCA(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}
