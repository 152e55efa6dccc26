package sshkeygen

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// options are the command line's, named as ssh-keygen(1) describes them.
type options struct {
	file, keyType, comment           string
	oldPassphrase, passphrase        string
	caFile, keyID, principals        string
	validity                         string
	host                             bool
	public, fingerprint, certificate bool // show one of these
	change                           bool // the passphrase
	publicFile                       string
	signing, signatureFile           string // of messages: sign or verify
}

// Run does what the arguments ask, as OpenSSH's ssh-keygen does, and prints to
// stdout. It asks no questions: a question is an error. stdin holds the message to sign
// or verify.
func Run(args []string, stdin io.Reader, stdout io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	switch {
	case o.caFile != "":
		return sign(o)
	case o.file == "":
		return errors.New("-f is missing")
	case o.signing == "sign":
		return signMessage(o, stdin, stdout)
	case o.signing == "verify":
		return verifyMessage(o, stdin, stdout)
	case o.public:
		return showPublic(o, stdout)
	case o.fingerprint:
		return showFingerprint(o, stdout)
	case o.certificate:
		return showCertificate(o, stdout)
	case o.change:
		return changePassphrase(o)
	}
	return makeKey(o)
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("ssh-keygen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("q", false, "say nothing")
	flags.StringVar(&o.file, "f", "", "key `file`")
	flags.StringVar(&o.keyType, "t", "ed25519", "`type` of a new key")
	flags.StringVar(&o.comment, "C", "", "`comment` of a new key")
	flags.StringVar(&o.passphrase, "N", "", "new `passphrase`")
	flags.StringVar(&o.oldPassphrase, "P", "", "old `passphrase`")
	flags.BoolVar(&o.change, "p", false, "change the passphrase")
	flags.BoolVar(&o.public, "y", false, "print the public half of a private key")
	flags.BoolVar(&o.fingerprint, "l", false, "print a key's fingerprint")
	flags.BoolVar(&o.certificate, "L", false, "print what a certificate holds")
	flags.StringVar(&o.caFile, "s", "", "sign with the private key in this `file`; with -Y verify, the signature's file")
	flags.StringVar(&o.keyID, "I", "", "`identity` of a new certificate, or of a signer")
	flags.StringVar(&o.principals, "n", "", "`names` that a new certificate is good for; with -Y, the namespace")
	flags.StringVar(&o.validity, "V", "", "`interval` in which a new certificate is good, as -1d:+90d")
	flags.StringVar(&o.signing, "Y", "", "sign or verify a message")
	flags.BoolVar(&o.host, "h", false, "make a host certificate")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.publicFile = flags.Arg(0)
	if o.signing != "" {
		o.signatureFile, o.caFile = o.caFile, ""
	}
	switch {
	case o.signing != "" && (o.principals == "" || o.signing != "sign" && o.signing != "verify"):
		return o, errors.New("messages are signed and verified here, with -Y sign or verify and -n")
	case o.keyType != "ed25519":
		return o, fmt.Errorf("keys of type %s are not made here", o.keyType)
	case o.caFile == "" && flags.NArg() > 0, flags.NArg() > 1:
		return o, errors.New("too many arguments")
	case o.caFile != "" && (!o.host || o.keyID == "" || o.publicFile == ""):
		return o, errors.New("only host certificates are signed here, with -h, -I and the file of a public key")
	}
	return o, nil
}
