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
	way := transport.New(transport.Options{
		TLS: s.tls, MaxConcurrency: s.maxConcurrency, RequestTimeout: c.RequestTimeout, MaxRetries: c.MaxRetries, Log: c.Log,
	})
	if c.Transport != nil {
		way.Base = c.Transport
	}
	pc.HTTPClient = http.Client{Transport: way, CheckRedirect: stay}
	op := "log in at " + clean(s.auth.IdentityEndpoint)
	if err := openstack.AuthenticateV3(ctx, pc, &s.auth, gophercloud.EndpointOpts{}); err != nil {
		return nil, s.loginFault(op, err)
	}
	t, err := readToken(pc)
	if err != nil {
		return nil, s.loginFault(op, err)
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

// mostHops is how often a request is sent on.
const mostHops = 5

// stay lets a server send a request on to another path of its own, or from HTTP to
// HTTPS, as proxies do; other requests stay where they are. A login that is sent on by
// a 301 arrives as a GET without its body, and a call that goes to another host shows
// its token to a server that the catalog does not name.
func stay(next *http.Request, sent []*http.Request) error {
	first := sent[0]
	from, to := first.URL, next.URL
	same := to.Scheme == from.Scheme && to.Host == from.Host
	secured := from.Scheme == "http" && to.Scheme == "https" && to.Hostname() == from.Hostname()
	if len(sent) <= mostHops && next.Method == first.Method && (same || secured) {
		return nil
	}
	return http.ErrUseLastResponse
}

func newClient(s *services) *Client {
	return &Client{
		services: s, nodeCalls: nodeCalls{s}, lookups: &lookups{services: s}, capacity: capacity{s},
		floatingIPs: floatingIPs{s}, serverGroups: serverGroups{s}, leftovers: leftovers{s},
	}
}
