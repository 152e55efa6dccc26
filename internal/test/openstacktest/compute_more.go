package openstacktest

import (
	"crypto/md5" //nolint:gosec // the fingerprint that Nova shows
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (q *request) flavorView(f Flavor, detail bool) map[string]any {
	v := map[string]any{"id": f.ID, "name": f.Name, "links": q.computeLinks("flavors", f.ID)}
	if !detail {
		return v
	}
	for k, x := range map[string]any{
		"ram": f.RAM, "disk": f.Disk, "vcpus": f.VCPUs, "swap": "", "rxtx_factor": json.RawMessage("1.0"), "OS-FLV-EXT-DATA:ephemeral": 0,
		"OS-FLV-DISABLED:disabled": false, "os-flavor-access:is_public": true,
	} {
		v[k] = x
	}
	if q.mv >= 55 {
		v["description"] = nil
	}
	if q.mv >= 61 {
		v["extra_specs"] = map[string]string{}
	}
	if q.mv >= 75 {
		v["swap"] = 0
	}
	return v
}

func listFlavors(detail bool) handler {
	return func(c *Cloud, q *request) {
		query := q.URL.Query()
		found := c.o.Flavors
		if marker := query.Get("marker"); marker != "" {
			i := slices.IndexFunc(found, func(f Flavor) bool { return f.ID == marker })
			if i < 0 {
				badRequest(q, "marker [%s] not found", marker)
				return
			}
			found = found[i+1:]
		}
		limit := c.o.MaxLimit
		if n, err := strconv.Atoi(query.Get("limit")); err == nil && n >= 0 {
			limit = min(limit, n)
		}
		answer := map[string]any{}
		page := found[:min(limit, len(found))]
		if len(page) == limit && limit > 0 {
			query.Set("marker", page[limit-1].ID)
			answer["flavors_links"] = []link{{"next", q.base + q.URL.Path + "?" + query.Encode()}}
		}
		views := make([]any, 0, len(page))
		for _, f := range page {
			views = append(views, q.flavorView(f, detail))
		}
		answer["flavors"] = views
		q.reply(http.StatusOK, answer)
	}
}

func showFlavor(c *Cloud, q *request) {
	id := q.PathValue("id")
	for _, f := range c.o.Flavors {
		if f.ID == id {
			q.reply(http.StatusOK, map[string]any{"flavor": q.flavorView(f, true)})
			return
		}
	}
	computeError(q, http.StatusNotFound, "Flavor "+id+" could not be found.")
}

func showExtraSpecs(_ *Cloud, q *request) {
	q.reply(http.StatusOK, map[string]any{"extra_specs": map[string]string{}})
}

func (k KeyPair) view() map[string]any {
	return map[string]any{"name": k.Name, "public_key": k.PublicKey, "fingerprint": k.fingerprint(), "type": "ssh"}
}

// fingerprint is "" for what is no key.
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

func listInterfaces(c *Cloud, q *request, s *server) {
	views := []any{}
	for _, p := range c.portsOf(s.id) {
		views = append(views, map[string]any{
			"net_id": p.network.ID, "port_id": p.id, "mac_addr": p.mac, "port_state": p.status, "fixed_ips": p.fixedIPs(),
		})
	}
	q.reply(http.StatusOK, map[string]any{"interfaceAttachments": views})
}

func serverAction(_ *Cloud, q *request, s *server) {
	body, ok := decode(q.body)
	if !ok || len(body) != 1 {
		badRequest(q, "Malformed request body")
		return
	}
	for name, raw := range body {
		if name == "lock" || name == "unlock" {
			s.locked = name == "lock"
			q.empty(http.StatusAccepted)
			return
		}
		if name != "os-getConsoleOutput" {
			badRequest(q, "There is no such action: %s", name)
			return
		}
		var b struct{ Length any }
		if !isObject(raw) || json.Unmarshal(raw, &b) != nil {
			invalidInput(q, name, raw, pyRepr(raw)+" is not of type 'object'")
			return
		}
		if s.launched.IsZero() {
			computeError(q, http.StatusConflict, "Instance "+s.id+" is not ready")
			return
		}
		q.reply(http.StatusOK, map[string]any{"output": tail(s.console, count(b.Length), b.Length != nil)})
	}
}

// tail returns the last n lines.
func tail(text string, n int, limited bool) string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if !limited || n >= len(lines) {
		return text
	}
	return strings.Join(lines[len(lines)-max(n, 0):], "")
}
