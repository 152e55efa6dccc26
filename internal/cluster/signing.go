package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// MaxLinks is how many changes of trust a document proves: a front-end that has missed
// more of them has to be made anew.
const MaxLinks = 3

// Link is what a document with document_signing says about trust, and the proof: the
// signature of the CA before it. A front-end that accepts one CA accepts the next by
// it, and so on along the links. The first link has no signature, since a front-end is
// born with it.
type Link struct {
	Number    int64  `json:"number"`           // increases by one with each link
	CA        string `json:"ca"`               // public half
	Operator  string `json:"operator"`         // fingerprint of the operators' key, see OperatorPrint
	Config    string `json:"config,omitempty"` // fingerprint of the batch system's own lines, see ConfigPrint
	Off       bool   `json:"off,omitempty"`    // document_signing ends with this link
	Signature string `json:"signature,omitempty"`
}

// Message returns what the CA of the link before signs.
func (l Link) Message(clusterID string) string {
	state := "on"
	if l.Off {
		state = "off"
	}
	return fmt.Sprintf("%s\n%d\n%s\n%s\n%s\n%s", clusterID, l.Number, l.CA, l.Operator, l.Config, state)
}

// OperatorPrint returns 32 characters that stand for the operators' public key.
func OperatorPrint(key string) string { return shortPrint(strings.TrimSpace(key)) }

// ConfigPrint returns 32 characters that stand for a batch system's own lines, "" for
// none. Daemons run programs that these lines name.
func ConfigPrint(lines string) string {
	if lines == "" {
		return ""
	}
	return shortPrint(lines)
}

func shortPrint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// Signing reports whether the front-end accepts another CA, operators' key or
// configuration of the batch system only with a signature.
func (d Document) Signing() bool {
	return len(d.Signed) > 0 && !d.Signed[len(d.Signed)-1].Off
}

// NextLink returns the link, not signed yet, that makes a document say what its CA, its
// operators' key and its configuration of the batch system are now. needed is false if the last link says so already.
func (d Document) NextLink(on bool) (next Link, needed bool) {
	next = Link{Number: 1, CA: d.CA, Operator: OperatorPrint(d.OperatorKey), Config: ConfigPrint(d.BatchConfig), Off: !on}
	if len(d.Signed) == 0 {
		return next, on
	}
	last := d.Signed[len(d.Signed)-1]
	next.Number = last.Number + 1
	last.Number, last.Signature = next.Number, ""
	return next, last != next && (on || !last.Off)
}
