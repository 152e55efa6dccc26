package trust

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// CoordinatorPrincipal is the only principal in a coordinator's certificate, and the
// only one that nodes accept from the cluster CA.
const CoordinatorPrincipal = "vmcluster-coordinator"

// CoordinatorTTL is how long a coordinator's first certificate is good. The
// coordinator installs a key of its own within minutes of its boot.
const CoordinatorTTL = 2 * time.Hour

// backdate is how far the clock of a node may be behind this program's.
const backdate = 5 * time.Minute

// KeyPair is a key with its certificate, in OpenSSH's text forms.
type KeyPair struct {
	Private     string // OpenSSH PEM; never in state, logs or arguments
	Public      string // authorized_keys form, without a comment
	Certificate string // authorized_keys form of the certificate
}

// CA signs certificates for one cluster (the cluster CA) or for one batch of
// new workers (a batch CA).
type CA struct {
	key    ed25519.PrivateKey
	signer ssh.Signer
}

// NewCA makes a CA.
func NewCA() (*CA, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a CA key: %w", err)
	}
	return caOf(key)
}

// Public returns the public half in authorized_keys form, without a comment.
func (ca *CA) Public() string { return authorized(ca.signer.PublicKey()) }

// Fingerprint returns 16 characters that identify a CA's public half.
func Fingerprint(public string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(public)))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Coordinator makes a key that logs in to every node of the cluster as its coordinator
// until now+CoordinatorTTL. The certificate has no force-command, because sshd(8)
// wants that to equal command= in authorized_keys, which every node has.
func (ca *CA) Coordinator(clusterName string, now time.Time) (KeyPair, error) {
	return ca.issue(&ssh.Certificate{
		CertType:        ssh.UserCert,
		KeyId:           clusterName + " coordinator",
		ValidPrincipals: []string{CoordinatorPrincipal},
		ValidAfter:      unix(now.Add(-backdate)),
		ValidBefore:     unix(now.Add(CoordinatorTTL)),
	})
}

// FirstHostKeyTTL is how long the certificate of a worker's first host key is good. The
// key is useless after the join, minutes later in most cases; but a front-end may be
// without power while a worker waits for it.
const FirstHostKeyTTL = 30 * 24 * time.Hour

// HostKey makes a worker's first host key with a certificate for its name until
// now+FirstHostKeyTTL. The certificate has no beginning: the front-end, which checks it,
// may boot with a clock that is far behind.
func (ca *CA) HostKey(nodeName string, now time.Time) (KeyPair, error) {
	return ca.issue(&ssh.Certificate{
		CertType:        ssh.HostCert,
		KeyId:           nodeName,
		ValidPrincipals: []string{nodeName},
		ValidBefore:     unix(now.Add(FirstHostKeyTTL)),
	})
}

func (ca *CA) issue(cert *ssh.Certificate) (KeyPair, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return KeyPair{}, fmt.Errorf("make a key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("use a new key: %w", err)
	}
	cert.Key = signer.PublicKey()
	var serial [8]byte
	if _, err := rand.Read(serial[:]); err != nil {
		return KeyPair{}, fmt.Errorf("draw a serial number: %w", err)
	}
	cert.Serial = binary.BigEndian.Uint64(serial[:])
	if err := cert.SignCert(rand.Reader, ca.signer); err != nil {
		return KeyPair{}, fmt.Errorf("sign the certificate of %s: %w", cert.KeyId, err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return KeyPair{}, fmt.Errorf("write a new key: %w", err)
	}
	return KeyPair{
		Private:     string(pem.EncodeToMemory(block)),
		Public:      authorized(cert.Key),
		Certificate: authorized(cert),
	}, nil
}

// ParsePublic reads one public key in authorized_keys form, with or without a comment,
// and returns it without the comment. Text that holds more than one key is refused.
func ParsePublic(text string) (string, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	if _, certified := key.(*ssh.Certificate); err != nil || certified || len(options) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return "", errors.New("it is no public key")
	}
	return authorized(key), nil
}

func authorized(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func unix(t time.Time) uint64 { return uint64(max(t.Unix(), 0)) }
