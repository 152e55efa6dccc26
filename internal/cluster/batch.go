package cluster

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"
)

// batchIDLength is the number of characters of a batch's ID, of 5 bits each. Each worker's
// entry in the document has one, and random characters do not pack: the roster of 1,000
// workers in batches of their own has room for no more. A text of the same ID takes some
// 2^60 keys to find, by an account that could write the document itself.
const batchIDLength = 12

// BatchID returns the ID of the batch whose CA has that public half. ID and CA prove each
// other: a text beside the ID is the batch's CA only if it leads to the ID again.
func BatchID(ca string) string {
	sum := sha256.Sum256([]byte(ca))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:batchIDLength]
}

// ReadBatchCA returns the CA of a batch as a server's metadata have it, and "" for a text
// that is not the CA of that batch: any account that may write metadata can have
// written it, and it becomes a line of the front-end's known_hosts.
func ReadBatchCA(batch, text string) string {
	if !isEd25519(text) || BatchID(text) != batch {
		return ""
	}
	return text
}

// isEd25519 reports whether a text is one public key of that type in authorized_keys
// form, without options and comment (RFC 8709: the type and 32 bytes, as SSH strings).
func isEd25519(text string) bool {
	const (
		name = "ssh-ed25519"
		head = "\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"
		size = len(head) + 32
	)
	packed, ok := strings.CutPrefix(text, name+" ")
	if !ok || len(packed) != base64.StdEncoding.EncodedLen(size) {
		return false
	}
	key, err := base64.StdEncoding.Strict().DecodeString(packed)
	return err == nil && len(key) == size && strings.HasPrefix(string(key), head)
}
