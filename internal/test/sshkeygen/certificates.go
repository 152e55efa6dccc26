package sshkeygen

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// sign writes a host certificate beside the public key.
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
	if o.validity != "" {
		if certificate.ValidAfter, certificate.ValidBefore, err = interval(o.validity, time.Now()); err != nil {
			return err
		}
	}
	if o.principals != "" {
		certificate.ValidPrincipals = strings.Split(o.principals, ",")
	}
	if err := certificate.SignCert(rand.Reader, ca); err != nil {
		return fmt.Errorf("sign the certificate: %w", err)
	}
	return writePublic(strings.TrimSuffix(o.publicFile, ".pub")+"-cert.pub", certificate, comment)
}

// interval reads "-<days>d:+<days>d".
func interval(text string, now time.Time) (after, before uint64, err error) {
	var past, future int
	if n, err := fmt.Sscanf(text+" ", "-%dd:+%dd ", &past, &future); n != 2 || err != nil {
		return 0, 0, fmt.Errorf("invalid certificate life: %q: only days are understood here", text)
	}
	return uint64(now.AddDate(0, 0, -past).Unix()), uint64(now.AddDate(0, 0, future).Unix()), nil //nolint:gosec // after 1970
}

// span returns when a certificate is good in OpenSSH's words.
func span(c *ssh.Certificate) string {
	const form = "2006-01-02T15:04:05"
	if c.ValidAfter == 0 && c.ValidBefore == ssh.CertTimeInfinity {
		return "forever"
	}
	local := func(t uint64) string { return time.Unix(int64(t), 0).Format(form) } //nolint:gosec // before the year 292277026596
	return "from " + local(c.ValidAfter) + " to " + local(c.ValidBefore)
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
	bounded := c.ValidAfter > 0 && c.ValidBefore < ssh.CertTimeInfinity
	if c.CertType != ssh.HostCert || !bounded && span(c) != "forever" || len(c.CriticalOptions)+len(c.Extensions) > 0 {
		return fmt.Errorf("%s: only host certificates that are good for ever or have two ends, without options, are shown here", o.file)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s:\n", o.file)
	fmt.Fprintf(&text, "        Type: %s host certificate\n", c.Type())
	fmt.Fprintf(&text, "        Public key: ED25519-CERT %s\n", ssh.FingerprintSHA256(c.Key))
	fmt.Fprintf(&text, "        Signing CA: ED25519 %s (using %s)\n", ssh.FingerprintSHA256(c.SignatureKey), c.Signature.Format)
	fmt.Fprintf(&text, "        Key ID: %q\n", c.KeyId)
	fmt.Fprintf(&text, "        Serial: %d\n", c.Serial)
	fmt.Fprintf(&text, "        Valid: %s\n", span(c))
	fmt.Fprintf(&text, "        Principals: \n")
	for _, p := range c.ValidPrincipals {
		fmt.Fprintf(&text, "                %s\n", p)
	}
	fmt.Fprintf(&text, "        Critical Options: (none)\n        Extensions: (none)\n")
	_, err = io.WriteString(stdout, text.String())
	return err
}
