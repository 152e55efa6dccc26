package sshkeygen

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sign writes a host certificate, good for ever, beside the public key.
func sign(o options) error {
	ca, err := readSigner(o.caFile)
	if err != nil {
		return err
	}
	key, comment, err := readPublic(o.publicFile)
	if err != nil {
		return err
	}
	certificate := &ssh.Certificate{Key: key, CertType: ssh.HostCert, KeyId: o.keyID, ValidBefore: ssh.CertTimeInfinity}
	if o.principals != "" {
		certificate.ValidPrincipals = strings.Split(o.principals, ",")
	}
	if err := certificate.SignCert(rand.Reader, ca); err != nil {
		return fmt.Errorf("sign the certificate: %w", err)
	}
	return writePublic(strings.TrimSuffix(o.publicFile, ".pub")+"-cert.pub", certificate, comment)
}

func showCertificate(o options, stdout io.Writer) error {
	key, _, err := readPublic(o.file)
	if err != nil {
		return err
	}
	c, ok := key.(*ssh.Certificate)
	if !ok {
		return fmt.Errorf("%s is not a certificate", o.file)
	}
	forever := c.ValidAfter == 0 && c.ValidBefore == ssh.CertTimeInfinity
	if c.CertType != ssh.HostCert || !forever || len(c.CriticalOptions)+len(c.Extensions) > 0 {
		return fmt.Errorf("%s: only host certificates that are good for ever, without options, are shown here", o.file)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s:\n", o.file)
	fmt.Fprintf(&text, "        Type: %s host certificate\n", c.Type())
	fmt.Fprintf(&text, "        Public key: ED25519-CERT %s\n", ssh.FingerprintSHA256(c.Key))
	fmt.Fprintf(&text, "        Signing CA: ED25519 %s (using %s)\n", ssh.FingerprintSHA256(c.SignatureKey), c.Signature.Format)
	fmt.Fprintf(&text, "        Key ID: %q\n", c.KeyId)
	fmt.Fprintf(&text, "        Serial: %d\n", c.Serial)
	fmt.Fprintf(&text, "        Valid: forever\n")
	fmt.Fprintf(&text, "        Principals: \n")
	for _, p := range c.ValidPrincipals {
		fmt.Fprintf(&text, "                %s\n", p)
	}
	fmt.Fprintf(&text, "        Critical Options: (none)\n        Extensions: (none)\n")
	_, err = io.WriteString(stdout, text.String())
	return err
}
