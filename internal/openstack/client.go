package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// computeMicroversion works from Pike on, gives tags in the create call and in
// lists, and comes before 2.57 (no injected files) and 2.75 (unknown keys are
// errors). Never "latest": what a newer one breaks is not known yet.
const computeMicroversion = "2.52"

// Microversions that single calls are raised to: a server group's one policy came
// with 2.64, a boot volume's type with 2.67.
const (
	serverGroupMicroversion = "2.64"
	volumeTypeMicroversion  = "2.67"
)

// withMicroversion is the client for one call that needs a newer microversion.
func withMicroversion(sc *gophercloud.ServiceClient, version string) *gophercloud.ServiceClient {
	raised := *sc
	raised.Microversion = version
	return &raised
}

// Client speaks to one project of one OpenStack. It is safe for concurrent use.
type Client struct {
	provider *gophercloud.ProviderClient
	compute  func() (*gophercloud.ServiceClient, error)
	network  func() (*gophercloud.ServiceClient, error)
	image    func() (*gophercloud.ServiceClient, error)
	volume   func() (*gophercloud.ServiceClient, error)
	project  string
	admin    bool // by the role that Neutron's and Nova's own policies ask for

	seenLock sync.Mutex
	images   map[string]Image // by the name or ID asked for
	ports    map[string]Port

	flavorsLock sync.Mutex
	flavors     []flavors.Flavor // nil until listed

	zonesLock sync.Mutex
	zones     []string // nil until listed

	networksLock sync.Mutex
	networks     []Network // nil until listed
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
		return nil, &ConfigError{"auth_url", err.Error()}
	}
	if c.UserAgent != "" {
		pc.UserAgent.Prepend(c.UserAgent)
	}
	transport := newTransport(s.tls, s.maxConcurrency, c.Log)
	if c.Transport != nil {
		transport.base = c.Transport
	}
	pc.HTTPClient = http.Client{Transport: transport}
	op := "log in at " + s.auth.IdentityEndpoint
	if err := openstack.AuthenticateV3(ctx, pc, &s.auth, gophercloud.EndpointOpts{}); err != nil {
		return nil, fault(op, err)
	}
	catalog, project, roles, err := readToken(pc.GetAuthResult())
	if err != nil {
		return nil, fault(op, err)
	}
	if project == "" {
		return nil, &ConfigError{"tenant_name", "the login is bound to no project: set " + howToSet("tenant_name") + " or " + howToSet("tenant_id")}
	}
	client := &Client{provider: pc, project: project, admin: slices.Contains(roles, "admin")}
	service := func(serviceType string, versioned func(string) string, microversion string) func() (*gophercloud.ServiceClient, error) {
		return sync.OnceValues(func() (*gophercloud.ServiceClient, error) {
			address, err := endpoint(catalog, serviceType, s.region, s.availability)
			if err != nil {
				return nil, err
			}
			return &gophercloud.ServiceClient{ProviderClient: pc, Type: serviceType, Endpoint: versioned(address), Microversion: microversion}, nil
		})
	}
	client.compute = service("compute", computeURL, computeMicroversion)
	client.network = service("network", networkURL, "")
	client.image = service("image", imageURL, "")
	client.volume = service("block-storage", sameURL, "")
	if _, err := client.volume(); err != nil {
		client.volume = service("volumev3", sameURL, "") // the name that catalogs had first
	}
	for _, needed := range []func() (*gophercloud.ServiceClient, error){client.compute, client.network} {
		if _, err := needed(); err != nil {
			return nil, err // a wrong region shows here, not in the middle of an apply
		}
	}
	return client, nil
}

// Place is a service as access rules name it: its type in the catalog, and the
// path of its address, version included, such as "/compute/v2.1".
type Place struct{ Type, Path string }

// Places are those of the services that a cluster's workers need. A cloud without
// block storage has no place for volumes.
type Places struct{ Compute, Network, Volume Place }

// Places returns where the catalog has the services.
func (c *Client) Places() (Places, error) {
	var p Places
	var err error
	if p.Compute, err = placeOf(c.compute); err != nil {
		return p, err
	}
	if p.Network, err = placeOf(c.network); err != nil {
		return p, err
	}
	if c.HasVolumes() {
		p.Volume, err = placeOf(c.volume)
	}
	return p, err
}

func placeOf(service func() (*gophercloud.ServiceClient, error)) (Place, error) {
	sc, err := service()
	if err != nil {
		return Place{}, err
	}
	address, err := url.Parse(sc.Endpoint)
	if err != nil {
		return Place{}, fmt.Errorf("read the address of the %s service: %w", sc.Type, err)
	}
	return Place{Type: sc.Type, Path: strings.TrimRight(address.Path, "/")}, nil
}

// ProjectID returns the project that the client works in.
func (c *Client) ProjectID() string { return c.project }

// readToken returns a token's catalog, its project's ID and the user's roles.
func readToken(result gophercloud.AuthResult) (*tokens.ServiceCatalog, string, []string, error) {
	token, ok := result.(interface {
		ExtractServiceCatalog() (*tokens.ServiceCatalog, error)
		ExtractProject() (*tokens.Project, error)
		ExtractRoles() ([]tokens.Role, error)
	})
	if !ok {
		return nil, "", nil, fmt.Errorf("read token: the login left a %T", result)
	}
	catalog, err := token.ExtractServiceCatalog()
	if err != nil {
		return nil, "", nil, fmt.Errorf("read token: %w", err)
	}
	project, err := token.ExtractProject()
	if err != nil {
		return nil, "", nil, fmt.Errorf("read token: %w", err)
	}
	var roles []string
	if found, err := token.ExtractRoles(); err == nil { // they only spare calls
		for _, r := range found {
			roles = append(roles, r.Name)
		}
	}
	if project == nil {
		return catalog, "", roles, nil
	}
	return catalog, project.ID, roles, nil
}

// endpoint finds a service's address in the catalog.
func endpoint(catalog *tokens.ServiceCatalog, serviceType, region string, availability gophercloud.Availability) (string, error) {
	var regions []string
	for _, entry := range catalog.Entries {
		if entry.Type != serviceType {
			continue
		}
		for _, e := range entry.Endpoints {
			if e.Interface != string(availability) {
				continue
			}
			if region == "" || e.Region == region || e.RegionID == region {
				return gophercloud.NormalizeURL(e.URL), nil
			}
			regions = append(regions, e.Region)
		}
	}
	if len(regions) > 0 {
		slices.Sort(regions)
		return "", &ConfigError{"region", fmt.Sprintf("the catalog has no %s service in region %q, but in %s: set %s",
			serviceType, region, strings.Join(slices.Compact(regions), ", "), howToSet("region"))}
	}
	return "", notFound("find the "+serviceType+" service", "the catalog has no %s endpoint of this service for the project", availability)
}

var (
	novaVersion    = regexp.MustCompile(`/v2(\.\d+)?/`)
	neutronVersion = regexp.MustCompile(`/v2\.0/$`)
	glanceVersion  = regexp.MustCompile(`/v2(\.\d+)?/$`)
)

// computeURL brings a catalog address to v2.1: the old v2 ignores microversions,
// and would make servers without tags.
func computeURL(address string) string {
	if at := novaVersion.FindStringIndex(address); at != nil {
		return address[:at[0]] + "/v2.1/" + address[at[1]:]
	}
	return address + "v2.1/"
}

func sameURL(address string) string { return address }

func networkURL(address string) string {
	return neutronVersion.ReplaceAllString(address, "/") + "v2.0/"
}

func imageURL(address string) string {
	return glanceVersion.ReplaceAllString(address, "/") + "v2/"
}

// on runs a call against a service and names the operation in its error.
func on[T any](op string, service func() (*gophercloud.ServiceClient, error), call func(*gophercloud.ServiceClient) (T, error)) (T, error) {
	sc, err := service()
	if err == nil {
		var out T
		if out, err = call(sc); err == nil {
			return out, nil
		}
	}
	var zero T
	var config *ConfigError
	if errors.As(err, &config) {
		return zero, config
	}
	var ce *cluster.CloudError
	if errors.As(err, &ce) {
		return zero, ce
	}
	return zero, fault(op, err)
}
