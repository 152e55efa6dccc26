package openstacktest

import (
	"crypto/md5" //nolint:gosec // the fingerprint that Nova shows
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func (k KeyPair) view() map[string]any {
	return map[string]any{"name": k.Name, "public_key": k.PublicKey, "fingerprint": k.fingerprint(), "type": "ssh"}
}

// fingerprint returns the key's fingerprint; "" if it is no key.
func (k KeyPair) fingerprint() string {
	parts := strings.Fields(k.PublicKey)
	if len(parts) < 2 {
		return ""
	}
	blob, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var out []string
	for _, b := range md5.Sum(blob) { //nolint:gosec // as above
		out = append(out, fmt.Sprintf("%02x", b))
	}
	return strings.Join(out, ":")
}

func listKeyPairs(c *Cloud, q *request) {
	views := make([]any, 0, len(c.keyPairs))
	for _, k := range c.keyPairs {
		views = append(views, map[string]any{"keypair": k.view()})
	}
	q.reply(http.StatusOK, map[string]any{"keypairs": views})
}

func showKeyPair(c *Cloud, q *request) {
	name := q.PathValue("id")
	for _, k := range c.keyPairs {
		if k.Name == name {
			v := k.view()
			v["user_id"] = UserID
			q.reply(http.StatusOK, map[string]any{"keypair": v})
			return
		}
	}
	noKeyPair(q, name)
}

func noKeyPair(q *request, name string) {
	computeError(q, http.StatusNotFound, "Keypair "+name+" not found for user "+UserID)
}

func createKeyPair(c *Cloud, q *request) {
	var b struct {
		KeyPair struct {
			Name      string
			PublicKey string `json:"public_key"`
		}
	}
	if err := json.Unmarshal(q.body, &b); err != nil || b.KeyPair.Name == "" {
		badRequest(q, "'keypair' is a required property")
		return
	}
	k := KeyPair{b.KeyPair.Name, b.KeyPair.PublicKey}
	if k.fingerprint() == "" {
		badRequest(q, "Keypair data is invalid: failed to generate fingerprint")
		return
	}
	for _, have := range c.keyPairs {
		if have.Name == k.Name {
			computeError(q, http.StatusConflict, fmt.Sprintf("Key pair '%s' already exists.", k.Name))
			return
		}
	}
	c.keyPairs = append(c.keyPairs, k)
	status := http.StatusCreated
	if q.mv < 2 {
		status = http.StatusOK
	}
	v := k.view()
	v["user_id"] = UserID
	q.reply(status, map[string]any{"keypair": v})
}

func deleteKeyPair(c *Cloud, q *request) {
	name := q.PathValue("id")
	before := len(c.keyPairs)
	c.keyPairs = slices.DeleteFunc(c.keyPairs, func(k KeyPair) bool { return k.Name == name })
	switch {
	case len(c.keyPairs) == before:
		noKeyPair(q, name)
	case q.mv < 2:
		q.empty(http.StatusAccepted)
	default:
		q.empty(http.StatusNoContent)
	}
}
