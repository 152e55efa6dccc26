package openstacktest

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"
)

// Server is a server as a test sees it.
type Server struct {
	ID, Name, Status    string
	Image, KeyName      string
	Zone, Host          string
	Addresses           map[string]string // by network
	ConfigDrive         bool
	Flavor              Flavor
	Address, Floating   string
	Tags                []string
	SecurityGroups      []string
	Metadata            map[string]string
	UserData            []byte
	FaultMessage        string
	Password            string // content of the password slot
	Deleting            bool
	Created, ActiveFrom time.Time // ActiveFrom is zero until it is ACTIVE
}

// Servers returns the servers that the API shows, in order of creation.
func (c *Cloud) Servers() []Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(time.Now())
	var out []Server
	for _, s := range c.servers {
		if s.status != statusDeleted {
			out = append(out, c.inspect(s))
		}
	}
	return out
}

// Server returns the first server of that name.
func (c *Cloud) Server(name string) (Server, bool) {
	for _, s := range c.Servers() {
		if s.Name == name {
			return s, true
		}
	}
	return Server{}, false
}

func (c *Cloud) inspect(s *server) Server {
	out := Server{
		ID: s.id, Name: s.name, Status: s.status, Image: s.image, KeyName: s.keyName, Flavor: s.flavor,
		Zone: s.zone, Host: s.host.name, ConfigDrive: s.configDrive, Tags: slices.Clone(s.tags), SecurityGroups: slices.Clone(s.groups), Metadata: maps.Clone(s.metadata),
		Deleting: s.deleting, Password: s.password, Created: s.created, ActiveFrom: s.launched,
	}
	out.UserData, _ = base64.StdEncoding.DecodeString(s.userData) // what is no base64 is none, as in a guest
	if s.fault != nil {
		out.FaultMessage = s.fault.message
	}
	out.Addresses = map[string]string{}
	for _, p := range c.portsOf(s.id) {
		out.Addresses[p.network.Name] = p.address.String()
		if out.Address == "" {
			out.Address = p.address.String()
		}
		for _, f := range c.floating {
			if f.port == p {
				out.Floating = f.address.String()
			}
		}
	}
	return out
}

// Created returns how many servers were ever made.
func (c *Cloud) Created() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.created
}

// FloatingIP is a floating IP as a test sees it.
type FloatingIP struct {
	ID, Address, Description string
	Fixed                    string // "" while it is not associated
}

// FloatingIPs returns the floating IPs.
func (c *Cloud) FloatingIPs() []FloatingIP {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []FloatingIP
	for _, f := range c.floating {
		v := FloatingIP{ID: f.id, Address: f.address.String(), Description: f.description}
		if f.port != nil {
			v.Fixed = f.port.address.String()
		}
		out = append(out, v)
	}
	return out
}

// PortCount returns how many ports there are.
func (c *Cloud) PortCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(time.Now())
	return len(c.ports)
}

// RemoveServer deletes a server behind the client's back, without a delay.
func (c *Cloud) RemoveServer(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.server(id); s != nil {
		s.deleting, s.goneAt = true, time.Now()
		c.settle(s.goneAt)
	}
}

// Age makes a server older by that much.
func (c *Cloud) Age(id string, by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.server(id); s != nil {
		s.created = s.created.Add(-by)
	}
}

// CellDown has the servers of these names, and no others, be in a cell that does
// not answer: lists leave them out, and calls about one of them end in 500. Without
// a name all cells are up again.
func (c *Cloud) CellDown(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		s.down = slices.Contains(names, s.name)
	}
}

// SetStatus gives a server another status behind the client's back, for
// instance SHUTOFF, UNKNOWN or ERROR; for ERROR the message becomes its fault.
func (c *Cloud) SetStatus(id, status, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.server(id)
	if s == nil {
		return
	}
	now := time.Now()
	c.settle(now)
	if status == statusError {
		s.fail(500, message, now)
		return
	}
	s.status, s.updated = status, now
}
