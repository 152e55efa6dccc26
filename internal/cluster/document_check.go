package cluster

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDocument is how many bytes of JSON a document may have: a few packed chunks can
// stand for much more.
const maxDocument = 8 << 20

// maxText is how many characters one key or name in a document may have.
const maxText = 16 << 10

// check returns why a document that was read is none that this program writes. What
// it names becomes a part of other nodes' user data and files, and of messages; and
// any account that may write the server's metadata can have written it.
func (d Document) check() error {
	if d.Generation < 0 || d.Generation > MaxGeneration {
		return fmt.Errorf("generation %d is out of bounds", d.Generation)
	}
	texts := map[string]string{
		"id": d.ID, "name": d.Name, "login_user": d.LoginUser, "key_pair": d.KeyPair, "batch_system": string(d.BatchSystem), "coordinator": d.Coordinator,
		"ca": d.CA, "operator_key": strings.TrimSpace(d.OperatorKey), "front_end.name": d.FrontEnd.Name, "front_end.first_key": d.FrontEnd.FirstKey,
		"front_end.host_key": d.FrontEnd.HostKey, "front_end.coordinator_key": d.FrontEnd.CoordinatorKey, "front_end.host_ca": d.FrontEnd.HostCA,
	}
	for i, ca := range d.HostCAs {
		texts[fmt.Sprintf("host_cas[%d]", i)] = ca
	}
	for id, ca := range d.Batches {
		texts[fmt.Sprintf("batches[%q]", id)] = id + ca
	}
	for _, name := range sortedKeys(texts) {
		if !isLine(texts[name]) {
			return fmt.Errorf("%s is not a line of text", name)
		}
	}
	if err := CheckBatchConfig(d.BatchConfig); err != nil {
		return fmt.Errorf("batch_config: %w", err)
	}
	if d.FrontEnd.Address != "" && !IsAddress(d.FrontEnd.Address) {
		return fmt.Errorf("front_end.address %q is no IP address", d.FrontEnd.Address)
	}
	return nil
}

// usable returns the members of a document whose names and addresses are well-formed.
// One that is not costs the others nothing, as on the front-end.
func usable(members []Member) []Member {
	return slices.DeleteFunc(members, func(m Member) bool {
		named := len(m.Name) <= MaxNodeName && label.MatchString(m.Name)
		return !named || m.Address != "" && !IsAddress(m.Address) || !isLine(m.Batch) || !isLine(string(m.Leaving))
	})
}

// IsAddress reports whether a text has the characters of an IP address. A zone, which
// could be any text, is none of it.
func IsAddress(text string) bool {
	const longest = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")
	return text != "" && len(text) <= longest && strings.Trim(text, "0123456789abcdefABCDEF:.") == ""
}

// isLine reports whether a text is one line that a terminal shows and does not obey.
func isLine(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
	})
}
