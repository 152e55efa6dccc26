package openstack

import (
	"context"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack/transport"
)

// Client speaks to one project of one OpenStack. It is safe for concurrent use.
//
// It is a facade: each embedded type has the calls of one subject.
type Client struct {
	*services
	nodeCalls
	*lookups
	capacity
	floatingIPs
	serverGroups
	leftovers
}

// New logs in. It makes one request; the services' addresses come from the
// token's catalog.
func New(ctx context.Context, c Config) (*Client, error) {
	s, err := c.resolve()
	if err != nil {
		return nil, err
	}
	pc, err := openstack.NewClient(s.auth.IdentityEndpoint)
	if err != nil {
		return nil, invalid("auth_url", "%w", err)
	}
	if c.UserAgent != "" {
		pc.UserAgent.Prepend(c.UserAgent)
	}
	way := transport.New(s.tls, s.maxConcurrency, c.Log)
	if c.Transport != nil {
		way.Base = c.Transport
	}
	pc.HTTPClient = http.Client{Transport: way}
	op := "log in at " + s.auth.IdentityEndpoint
	if err := openstack.AuthenticateV3(ctx, pc, &s.auth, gophercloud.EndpointOpts{}); err != nil {
		return nil, fault(op, err)
	}
	t, err := readToken(pc.GetAuthResult())
	if err != nil {
		return nil, fault(op, err)
	}
	if t.project == "" {
		return nil, invalid("tenant_name", "the login is bound to no project: set %s or %s", howToSet("tenant_name"), howToSet("tenant_id"))
	}
	found, err := findServices(pc, t, s)
	if err != nil {
		return nil, err
	}
	return newClient(found), nil
}

func newClient(s *services) *Client {
	return &Client{
		services: s, nodeCalls: nodeCalls{s}, lookups: &lookups{services: s}, capacity: capacity{s},
		floatingIPs: floatingIPs{s}, serverGroups: serverGroups{s}, leftovers: leftovers{s},
	}
}
