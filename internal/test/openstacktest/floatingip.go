package openstacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

type floatingIP struct {
	id, description  string
	network          *network
	address          netip.Addr
	port             *port // nil while unassociated
	created, updated time.Time
}

func (f *floatingIP) view() map[string]any {
	v := map[string]any{
		"id": f.id, "tenant_id": ProjectID, "project_id": ProjectID, "floating_ip_address": f.address.String(),
		"floating_network_id": f.network.ID, "router_id": nil, "port_id": nil, "fixed_ip_address": nil, "status": "DOWN",
		"description": f.description, "port_details": nil, "tags": []any{},
		"created_at": stamp(f.created), "updated_at": stamp(f.updated), "revision_number": 0,
	}
	if p := f.port; p != nil {
		v["router_id"], v["port_id"], v["fixed_ip_address"], v["status"] = "0d9764bc-4c8c-47f8-b94f-3a17e239d7e7", p.id, p.address.String(), "ACTIVE"
		v["port_details"] = map[string]any{
			"name": "", "network_id": p.network.ID, "mac_address": p.mac, "admin_state_up": true, "status": p.status,
			"device_id": p.device, "device_owner": "compute:nova",
		}
	}
	return v
}

func listFloatingIPs(c *Cloud, q *request) {
	var rows []map[string]any
	for _, f := range c.floating {
		rows = append(rows, f.view())
	}
	listRows(q, "floatingips", rows)
}

// floatingBody is a create or an update; Port is nil when the call leaves it out.
type floatingBody struct {
	Network     *string          `json:"floating_network_id"`
	Port        *json.RawMessage `json:"port_id"`
	Description *string          `json:"description"`
}

func readFloating(q *request) (floatingBody, map[string]json.RawMessage, bool) {
	var body struct{ FloatingIP json.RawMessage }
	var f floatingBody
	if json.Unmarshal(q.body, &body) != nil || json.Unmarshal(body.FloatingIP, &f) != nil {
		networkError(q, http.StatusBadRequest, "MalformedRequestBody", "Malformed request body: Cannot understand JSON.")
		return f, nil, false
	}
	fields, _ := decode(body.FloatingIP)
	return f, fields, true
}

func createFloatingIP(c *Cloud, q *request) {
	b, fields, ok := readFloating(q)
	if !ok {
		return
	}
	if b.Network == nil {
		networkError(q, http.StatusBadRequest, "HTTPBadRequest", "Failed to parse request. Required attribute 'floating_network_id' not specified")
		return
	}
	if !uuid.MatchString(*b.Network) {
		networkError(q, http.StatusBadRequest, "HTTPBadRequest", fmt.Sprintf("Invalid input for floating_network_id. Reason: '%s' is not a valid UUID.", *b.Network))
		return
	}
	n := c.network(*b.Network)
	switch {
	case n == nil:
		networkError(q, http.StatusNotFound, "NetworkNotFound", "Network "+*b.Network+" could not be found.")
		return
	case !n.External:
		networkError(q, http.StatusBadRequest, "BadRequest", "Bad floatingip request: Network "+n.ID+" is not a valid external network.")
		return
	case c.o.Quota.FloatingIPs > 0 && len(c.floating) >= c.o.Quota.FloatingIPs:
		networkError(q, http.StatusConflict, "OverQuota", "Quota exceeded for resources: ['floatingip'].")
		return
	}
	f := &floatingIP{id: newUUID(), network: n, created: q.now, updated: q.now}
	if b.Description != nil {
		f.description = *b.Description
	}
	a, err := n.take("")
	if err != nil {
		networkError(q, http.StatusConflict, "IpAddressGenerationFailure", "No more IP addresses available on network "+n.ID+".")
		return
	}
	f.address = a
	if !c.associate(q, f, fields) {
		delete(n.used, a)
		return
	}
	c.floating = append(c.floating, f)
	q.reply(http.StatusCreated, map[string]any{"floatingip": f.view()})
}

// associate sets the port that a call names, or none for null; it writes
// the answer itself if that cannot be.
func (c *Cloud) associate(q *request, f *floatingIP, fields map[string]json.RawMessage) bool {
	raw, given := fields["port_id"]
	if !given {
		return true
	}
	var id *string
	if err := json.Unmarshal(raw, &id); err != nil || id == nil || *id == "" {
		f.port = nil
		return true
	}
	i := slices.IndexFunc(c.ports, func(p *port) bool { return p.id == *id })
	if i < 0 {
		networkError(q, http.StatusNotFound, "PortNotFound", "Port "+*id+" could not be found.")
		return false
	}
	p := c.ports[i]
	if p.network.NoRouter || p.network.External {
		networkError(q, http.StatusNotFound, "ExternalGatewayForFloatingIPNotFound", fmt.Sprintf(
			"External network %s is not reachable from subnet %s.  Therefore, cannot associate Port %s with a Floating IP.",
			f.network.ID, p.network.subnetID, p.id))
		return false
	}
	for _, other := range c.floating {
		if other != f && other.port == p && other.network == f.network {
			networkError(q, http.StatusConflict, "FloatingIPPortAlreadyAssociated", fmt.Sprintf(
				"Cannot associate floating IP %s (%s) with port %s using fixed IP %s, as that fixed IP already has a floating IP on external network %s.",
				f.address, f.id, p.id, p.address, f.network.ID))
			return false
		}
	}
	f.port = p
	return true
}

// floatingIP finds the one that a call is about.
func (c *Cloud) floatingIP(q *request) *floatingIP {
	id := q.PathValue("id")
	for _, f := range c.floating {
		if f.id == id {
			return f
		}
	}
	networkError(q, http.StatusNotFound, "FloatingIPNotFound", "Floating IP "+id+" could not be found")
	return nil
}

func showFloatingIP(c *Cloud, q *request) {
	if f := c.floatingIP(q); f != nil {
		q.reply(http.StatusOK, map[string]any{"floatingip": f.view()})
	}
}

func updateFloatingIP(c *Cloud, q *request) {
	f := c.floatingIP(q)
	if f == nil {
		return
	}
	b, fields, ok := readFloating(q)
	if !ok || !c.associate(q, f, fields) {
		return
	}
	if b.Description != nil {
		f.description = *b.Description
	}
	f.updated = q.now
	q.reply(http.StatusOK, map[string]any{"floatingip": f.view()})
}

func deleteFloatingIP(c *Cloud, q *request) {
	f := c.floatingIP(q)
	if f == nil {
		return
	}
	delete(f.network.used, f.address)
	c.floating = slices.DeleteFunc(c.floating, func(x *floatingIP) bool { return x == f })
	q.empty(http.StatusNoContent)
}
