package openstacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

type port struct {
	id, mac, device string
	name            string
	users           bool // made by a user, so it outlives its servers
	network         *network
	address         netip.Addr
	status          string
	groups          []string // IDs
	created         time.Time
}

type securityGroup struct{ id, name string }

var errNoAddress = errors.New("No fixed IP addresses available for network") //nolint:staticcheck // Neutron's words

// plug makes a server's ports.
func (c *Cloud) plug(s *server, now time.Time) error {
	for _, wish := range s.nics {
		if wish.port != nil {
			wish.port.device = s.id
			continue
		}
		p, err := c.newPort(c.network(wish.networkID), wish.fixedIP, now)
		if err != nil {
			return err
		}
		p.device = s.id
		for _, g := range c.groups {
			if slices.Contains(s.groups, g.name) || slices.Contains(s.groups, g.id) {
				p.groups = append(p.groups, g.id)
			}
		}
	}
	return nil
}

func (c *Cloud) newPort(n *network, fixedIP string, now time.Time) (*port, error) {
	a, err := n.take(fixedIP)
	if err != nil {
		return nil, err
	}
	c.nextMAC++
	p := &port{
		id: newUUID(), network: n, address: a, status: "DOWN", created: now,
		mac: fmt.Sprintf("fa:16:3e:%02x:%02x:%02x", c.nextMAC>>16&255, c.nextMAC>>8&255, c.nextMAC&255),
	}
	c.ports = append(c.ports, p)
	return p, nil
}

// unplug removes a server's ports; floating IPs that led to them stay,
// unassociated.
func (c *Cloud) unplug(s *server) {
	c.ports = slices.DeleteFunc(c.ports, func(p *port) bool {
		if p.device != s.id {
			return false
		}
		if p.users {
			p.device, p.status = "", "DOWN"
			return false
		}
		delete(p.network.used, p.address)
		for _, f := range c.floating {
			if f.port == p {
				f.port = nil
			}
		}
		return true
	})
}

func (c *Cloud) portsOf(serverID string) []*port {
	var out []*port
	for _, p := range c.ports {
		if p.device == serverID {
			out = append(out, p)
		}
	}
	return out
}

func (c *Cloud) network(id string) *network {
	for _, n := range c.networks {
		if n.ID == id {
			return n
		}
	}
	return nil
}

func (p *port) fixedIPs() []any {
	return []any{map[string]any{"subnet_id": p.network.subnetID, "ip_address": p.address.String()}}
}

func (p *port) view() map[string]any {
	return map[string]any{
		"id": p.id, "name": p.name, "network_id": p.network.ID, "tenant_id": ProjectID, "project_id": ProjectID,
		"mac_address": p.mac, "admin_state_up": true, "status": p.status, "device_id": p.device, "device_owner": p.owner(),
		"fixed_ips": p.fixedIPs(), "allowed_address_pairs": []any{}, "extra_dhcp_opts": []any{}, "security_groups": append([]string{}, p.groups...),
		"description": "", "binding:vnic_type": "normal", "port_security_enabled": true, "tags": []any{},
		"created_at": stamp(p.created), "updated_at": stamp(p.created), "revision_number": 1,
	}
}

func (p *port) owner() string {
	if p.device == "" {
		return ""
	}
	return "compute:nova"
}

// createPort makes a port for a server to come.
func createPort(c *Cloud, q *request) {
	var b struct {
		Port struct {
			Name     string
			Network  string `json:"network_id"`
			FixedIPs []struct {
				Address string `json:"ip_address"`
			} `json:"fixed_ips"`
		}
	}
	if json.Unmarshal(q.body, &b) != nil {
		networkError(q, http.StatusBadRequest, "MalformedRequestBody", "Malformed request body: Cannot understand JSON.")
		return
	}
	n := c.network(b.Port.Network)
	if n == nil {
		networkError(q, http.StatusNotFound, "NetworkNotFound", "Network "+b.Port.Network+" could not be found.")
		return
	}
	wanted := ""
	if len(b.Port.FixedIPs) > 0 {
		wanted = b.Port.FixedIPs[0].Address
	}
	if most := c.o.Quota.Ports; most > 0 && c.portsPromised() >= most {
		networkError(q, http.StatusConflict, "OverQuota", "Quota exceeded for resources: ['port'].")
		return
	}
	p, err := c.newPort(n, wanted, q.now)
	switch {
	case errors.As(err, new(errNotInSubnet)):
		networkError(q, http.StatusBadRequest, "InvalidIpForNetwork", "IP address "+wanted+" is not a valid IP for any of the subnets on the specified network.")
		return
	case err != nil && wanted != "":
		networkError(q, http.StatusConflict, "IpAddressAlreadyAllocated", "IP address "+wanted+" already allocated in subnet "+n.subnetID)
		return
	case err != nil:
		networkError(q, http.StatusConflict, "IpAddressGenerationFailure", "No more IP addresses available on network "+n.ID+".")
		return
	}
	p.name, p.users = b.Port.Name, true
	q.reply(http.StatusCreated, map[string]any{"port": p.view()})
}

func deletePort(c *Cloud, q *request) {
	id := q.PathValue("id")
	i := slices.IndexFunc(c.ports, func(p *port) bool { return p.id == id })
	if i < 0 {
		networkError(q, http.StatusNotFound, "PortNotFound", "Port "+id+" could not be found.")
		return
	}
	delete(c.ports[i].network.used, c.ports[i].address)
	c.ports = slices.Delete(c.ports, i, i+1)
	q.empty(http.StatusNoContent)
}

// AddPort makes a port on the network of that name, as a user would beforehand,
// and returns its ID; address "" is any.
func (c *Cloud) AddPort(network, name, address string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.networks {
		if n.Name == network {
			p, err := c.newPort(n, address, time.Now())
			if err != nil {
				return "", err
			}
			p.name, p.users = name, true
			return p.id, nil
		}
	}
	return "", fmt.Errorf("no network %s", network)
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
