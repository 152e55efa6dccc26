package sshkeygen

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The format of signatures (PROTOCOL.sshsig).
const (
	magic     = "SSHSIG"
	hashName  = "sha512"
	armorHead = "-----BEGIN SSH SIGNATURE-----"
	armorFoot = "-----END SSH SIGNATURE-----"
	armorLine = 70 // characters
)

// signed is what is signed for a message, after the magic.
type signed struct{ Namespace, Reserved, Algorithm, Hash string }

// signature is a signature as it is written, after the magic.
type signature struct {
	Version                                     uint32
	Key, Namespace, Reserved, Algorithm, Signed string
}

func toSign(namespace string, message []byte) []byte {
	sum := sha512.Sum512(message)
	return append([]byte(magic), ssh.Marshal(signed{Namespace: namespace, Algorithm: hashName, Hash: string(sum[:])})...)
}

// signMessage writes a signature of stdin to stdout.
func signMessage(o options, stdin io.Reader, stdout io.Writer) error {
	key, err := readSigner(o.file)
	if err != nil {
		return err
	}
	message, err := io.ReadAll(stdin)
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	s, err := key.Sign(rand.Reader, toSign(o.principals, message))
	if err != nil {
		return fmt.Errorf("sign the message: %w", err)
	}
	blob := append([]byte(magic), ssh.Marshal(signature{
		Version: 1, Key: string(key.PublicKey().Marshal()), Namespace: o.principals, Algorithm: hashName, Signed: string(ssh.Marshal(s)),
	})...)
	text := base64.StdEncoding.EncodeToString(blob)
	lines := []string{armorHead}
	for len(text) > armorLine {
		lines, text = append(lines, text[:armorLine]), text[armorLine:]
	}
	_, err = fmt.Fprintln(stdout, strings.Join(append(lines, text, armorFoot), "\n"))
	return err
}

// verifyMessage checks a signature of stdin against a file of allowed signers, lines of
// a principal and a key.
func verifyMessage(o options, stdin io.Reader, stdout io.Writer) error {
	key, err := allowedSigner(o)
	if err != nil {
		return err
	}
	s, err := readSignature(o.signatureFile)
	if err != nil {
		return err
	}
	message, err := io.ReadAll(stdin)
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	var made ssh.Signature
	if err := ssh.Unmarshal([]byte(s.Signed), &made); err != nil {
		return fmt.Errorf("%s: %w", o.signatureFile, err)
	}
	known := s.Version == 1 && s.Namespace == o.principals && s.Algorithm == hashName && s.Key == string(key.Marshal())
	if !known || key.Verify(toSign(o.principals, message), &made) != nil {
		return errors.New("Could not verify signature.") //nolint:revive,staticcheck // OpenSSH's words
	}
	_, err = fmt.Fprintf(stdout, "Good %q signature for %s with ED25519 key %s\n", o.principals, o.keyID, ssh.FingerprintSHA256(key))
	return err
}

func allowedSigner(o options) (ssh.PublicKey, error) {
	raw, err := os.ReadFile(o.file)
	if err != nil {
		return nil, fmt.Errorf("read the allowed signers: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		principal, rest, _ := strings.Cut(line, " ")
		if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(rest)); err == nil && principal == o.keyID {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%s allows no signer %s", o.file, o.keyID)
}

func readSignature(path string) (signature, error) {
	var s signature
	raw, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read the signature: %w", err)
	}
	text, begins := strings.CutPrefix(strings.TrimSpace(string(raw)), armorHead)
	text, ends := strings.CutSuffix(text, armorFoot)
	blob, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	rest, ok := strings.CutPrefix(string(blob), magic)
	if err != nil || !begins || !ends || !ok {
		return s, fmt.Errorf("%s holds no signature", path)
	}
	if err := ssh.Unmarshal([]byte(rest), &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
