package openstacktest

import (
	"encoding/json"
	"net/http"
)

// readNICs reads the create call's networks; "auto", "none" and nothing give an
// empty list.
func (c *Cloud) readNICs(q *request, raw json.RawMessage) ([]nic, bool) {
	var word string
	if raw == nil || json.Unmarshal(raw, &word) == nil && (word == "auto" || word == "none") {
		return nil, true
	}
	var list []struct {
		UUID    string
		Port    string
		FixedIP string `json:"fixed_ip"`
	}
	bad := json.Unmarshal(raw, &list) != nil
	var out []nic
	for _, w := range list {
		if w.Port != "" {
			p := c.freePort(q, w.Port)
			if p == nil {
				return nil, false
			}
			out = append(out, nic{networkID: p.network.ID, port: p})
			continue
		}
		bad = bad || !uuid.MatchString(w.UUID)
		out = append(out, nic{networkID: w.UUID, fixedIP: w.FixedIP})
	}
	if bad {
		invalidInput(q, "networks", raw, pyRepr(raw)+" is not valid under any of the given schemas")
		return nil, false
	}
	return out, true
}

// freePort returns a port that was made beforehand and that no server has.
func (c *Cloud) freePort(q *request, id string) *port {
	for _, p := range c.ports {
		switch {
		case p.id != id:
		case p.device != "":
			computeError(q, http.StatusConflict, "Port "+id+" is still in use.")
			return nil
		default:
			return p
		}
	}
	badRequest(q, "Port id %s could not be found.", id)
	return nil
}

func (c *Cloud) networksKnown(q *request, nics []nic) bool {
	for _, w := range nics {
		if c.network(w.networkID) == nil {
			badRequest(q, "Network %s could not be found.", w.networkID)
			return false
		}
		for _, p := range c.ports {
			if w.fixedIP != "" && p.network.ID == w.networkID && p.address.String() == w.fixedIP {
				badRequest(q, "Fixed IP address %s is already in use on instance %s.", w.fixedIP, p.device)
				return false
			}
		}
	}
	return true
}

// chooseNetworks gives a server that names no network the project's own.
func (c *Cloud) chooseNetworks(raw json.RawMessage, nics []nic) []nic {
	if len(nics) > 0 || string(raw) == `"none"` {
		return nics
	}
	for _, n := range c.networks {
		if !n.External {
			return []nic{{networkID: n.ID}}
		}
	}
	return nil
}

// nic is one network in the create call.
type nic struct {
	networkID, fixedIP string
	port               *port // made beforehand; nil is a new one
}
