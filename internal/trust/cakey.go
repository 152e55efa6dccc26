package trust

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// ParseCA reads a CA from the PEM of its unencrypted ed25519 private key, as
// ssh-keygen writes it. The error holds nothing of the key itself.
func ParseCA(privatePEM string) (*CA, error) {
	raw, err := ssh.ParseRawPrivateKey([]byte(privatePEM))
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, errors.New("it is encrypted, and the provider cannot ask for a passphrase")
	case err != nil:
		return nil, errors.New("it is no private key in PEM form, as ssh-keygen -t ed25519 writes one")
	}
	switch key := raw.(type) {
	case *ed25519.PrivateKey:
		return caOf(*key)
	case ed25519.PrivateKey:
		return caOf(key)
	default:
		return nil, errors.New("it is a key of another kind; an ed25519 key is needed, as ssh-keygen -t ed25519 writes one")
	}
}

func caOf(key ed25519.PrivateKey) (*CA, error) {
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return nil, fmt.Errorf("use the CA key: %w", err)
	}
	return &CA{key: key, signer: signer}, nil
}

// PrivatePEM returns the private key in OpenSSH's PEM form.
func (ca *CA) PrivatePEM() (string, error) {
	block, err := ssh.MarshalPrivateKey(ca.key, "")
	if err != nil {
		return "", fmt.Errorf("write the CA key: %w", err)
	}
	return string(pem.EncodeToMemory(block)), nil
}
