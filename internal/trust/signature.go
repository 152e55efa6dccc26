package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Purpose is what a signature is made for. A signature for one purpose is none for
// another. It is the namespace in OpenSSH's signature format (PROTOCOL.sshsig).
type Purpose string

// The purposes of signatures.
const (
	ForReport    Purpose = "vmcluster-report"     // a front-end's report, by its own key
	ForReportKey Purpose = "vmcluster-report-key" // a front-end's own key, by the key of its user data
	ForDocument  Purpose = "vmcluster-document"   // what a cluster document says about trust, by the cluster CA
)

// ErrSignature means that a text does not have the signature of a certain key.
var ErrSignature = errors.New("the signature is not by the key that is expected")

// signatureSize is the length of an ed25519 signature in base64 without padding.
var signatureSize = base64.RawStdEncoding.EncodedLen(ed25519.SignatureSize)

// Sign returns the CA's signature of a message in 86 characters of base64: the 64
// bytes of ed25519 out of what "ssh-keygen -Y sign" writes. A reader knows the rest.
func (ca *CA) Sign(p Purpose, message string) (string, error) {
	s, err := ca.signer.Sign(rand.Reader, signedData(p, message))
	if err != nil {
		return "", fmt.Errorf("sign with the key %s: %w", Fingerprint(ca.Public()), err)
	}
	return base64.RawStdEncoding.EncodeToString(s.Blob), nil
}

// Verify returns ErrSignature if the signature of a message, in the form that Sign
// returns, is not for that purpose by the ed25519 key with that public half.
func Verify(public string, p Purpose, message, signature string) error {
	key, err := parsePublic(public)
	if err != nil {
		return err
	}
	if len(signature) != signatureSize {
		return ErrSignature
	}
	blob, err := base64.RawStdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return ErrSignature
	}
	if key.Verify(signedData(p, message), &ssh.Signature{Format: ssh.KeyAlgoED25519, Blob: blob}) != nil {
		return ErrSignature
	}
	return nil
}

// signedData returns what OpenSSH signs for a message (PROTOCOL.sshsig, "Signed Data").
func signedData(p Purpose, message string) []byte {
	sum := sha512.Sum512([]byte(message))
	return append([]byte("SSHSIG"), ssh.Marshal(struct{ Namespace, Reserved, Algorithm, Hash string }{
		Namespace: string(p), Algorithm: "sha512", Hash: string(sum[:]),
	})...)
}

// CheckPublic returns why a text is not the public half of an ed25519 key in the form
// "ssh-ed25519 <base64>", or nil.
func CheckPublic(text string) error {
	_, err := parsePublic(text)
	return err
}

// parsePublic reads a public key that stands alone: no options, no comment, no second
// line, since such a text becomes a line of files by which nodes let people in.
func parsePublic(text string) (ssh.PublicKey, error) {
	kind, encoded, _ := strings.Cut(text, " ")
	if kind != ssh.KeyAlgoED25519 {
		return nil, errors.New("it is no public ed25519 key in the form \"ssh-ed25519 <base64>\"")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, errors.New("its base64 is damaged")
	}
	key, err := ssh.ParsePublicKey(raw)
	if err != nil || key.Type() != ssh.KeyAlgoED25519 {
		return nil, errors.New("its base64 holds no ed25519 key")
	}
	return key, nil
}
