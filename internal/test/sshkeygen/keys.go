package sshkeygen

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// makeKey writes a new private key to the file, and its public half beside it.
func makeKey(o options) error {
	if _, err := os.Stat(o.file); err == nil {
		return fmt.Errorf("%s already exists", o.file)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	if err := writePrivate(o.file, private, o.comment, o.passphrase); err != nil {
		return err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return fmt.Errorf("use the new key: %w", err)
	}
	return writePublic(o.file+".pub", key, o.comment)
}

func changePassphrase(o options) error {
	raw, err := os.ReadFile(o.file)
	if err != nil {
		return fmt.Errorf("read the private key: %w", err)
	}
	parse := func() (any, error) { return ssh.ParseRawPrivateKey(raw) }
	if o.oldPassphrase != "" {
		parse = func() (any, error) { return ssh.ParseRawPrivateKeyWithPassphrase(raw, []byte(o.oldPassphrase)) }
	}
	key, err := parse()
	if err != nil {
		return fmt.Errorf("load key %s: %w", o.file, err)
	}
	return writePrivate(o.file, key, o.comment, o.passphrase)
}

func writePrivate(path string, key any, comment, passphrase string) error {
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, comment)
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, comment, []byte(passphrase))
	}
	if err != nil {
		return fmt.Errorf("write the private key: %w", err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return fmt.Errorf("write the private key: %w", err)
	}
	return nil
}

// writePublic writes a public key or a certificate.
func writePublic(path string, key ssh.PublicKey, comment string) error {
	if err := os.WriteFile(path, []byte(line(key)+" "+comment+"\n"), 0o644); err != nil { //nolint:gosec // it is public
		return fmt.Errorf("write the public key: %w", err)
	}
	return nil
}

// line returns a key as authorized_keys has it, without a comment.
func line(key ssh.PublicKey) string {
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n")
}

// readSigner reads a private key that has no passphrase.
func readSigner(path string) (ssh.Signer, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("load key %s: %w", path, err)
	}
	return signer, nil
}

// readPublic reads a public key or a certificate, and its comment.
func readPublic(path string) (ssh.PublicKey, string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("read the public key: %w", err)
	}
	key, comment, _, _, err := ssh.ParseAuthorizedKey(raw)
	if err != nil {
		return nil, "", fmt.Errorf("%s is not a public key file: %w", path, err)
	}
	return key, comment, nil
}

func showPublic(o options, stdout io.Writer) error {
	signer, err := readSigner(o.file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, line(signer.PublicKey()))
	return err
}

func showFingerprint(o options, stdout io.Writer) error {
	key, comment, err := readPublic(o.file)
	if err != nil {
		return err
	}
	if key.Type() != ssh.KeyAlgoED25519 {
		return fmt.Errorf("fingerprints of %s are not shown here", key.Type())
	}
	if comment == "" {
		comment = "no comment"
	}
	_, err = fmt.Fprintf(stdout, "256 %s %s (ED25519)\n", ssh.FingerprintSHA256(key), comment)
	return err
}
