package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// computeMicroversion works from Pike on, gives tags in the create call and in
// lists, and comes before 2.57 (no injected files) and 2.75 (unknown keys are
// errors). It is never "latest", because a newer one may break what works.
const computeMicroversion = "2.52"

// Microversions that single calls are raised to: a server group's one policy came
// with 2.64, a boot volume's type with 2.67.
const (
	serverGroupMicroversion = "2.64"
	volumeTypeMicroversion  = "2.67"
)

// withMicroversion returns a client for one call that needs a newer microversion.
func withMicroversion(sc *gophercloud.ServiceClient, version string) *gophercloud.ServiceClient {
	raised := *sc
	raised.Microversion = version
	return &raised
}

// service returns the client of one OpenStack service, or why the cloud has none.
type service func() (*gophercloud.ServiceClient, error)

// services are the services of a cloud, for the project of a login.
type services struct {
	compute, network, image, volume service

	project string   // ID
	roles   []string // of the login in the project
	admin   bool     // the role that Neutron's and Nova's own policies ask for
}

// findServices looks the services up in the token's catalog. A wrong region is an
// error here, and not in the middle of an apply.
func findServices(pc *gophercloud.ProviderClient, t token, s settings) (*services, error) {
	find := func(serviceType string, versioned func(string) string, microversion string) service {
		return sync.OnceValues(func() (*gophercloud.ServiceClient, error) {
			address, err := serviceAddress(t.catalog, serviceType, s.region, s.availability)
			if err != nil {
				return nil, err
			}
			return &gophercloud.ServiceClient{ProviderClient: pc, Type: serviceType, Endpoint: versioned(address), Microversion: microversion}, nil
		})
	}
	found := &services{
		compute: find("compute", computeURL, computeMicroversion),
		network: find("network", networkURL, ""),
		image:   find("image", imageURL, ""),
		volume:  find("block-storage", sameURL, ""),
		project: t.project, roles: t.roles, admin: slices.Contains(t.roles, "admin"),
	}
	if !found.HasVolumes() {
		found.volume = find("volumev3", sameURL, "") // the older name of the type
	}
	for _, needed := range []service{found.compute, found.network} {
		if _, err := needed(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ProjectID returns the ID of the project that the client works in.
func (s *services) ProjectID() string { return s.project }

// HasVolumes reports whether the catalog has a block-storage service.
func (s *services) HasVolumes() bool {
	_, err := s.volume()
	return err == nil
}

// Endpoint is a service in the words of access rules: its type in the catalog, and the
// path of its address with the version, such as "/compute/v2.1".
type Endpoint struct{ Type, Path string }

// Endpoints are the endpoints of the services that a cluster's workers need. A cloud
// without block storage has none for volumes.
type Endpoints struct{ Compute, Network, Volume Endpoint }

// Endpoints returns the endpoints of the catalog.
func (s *services) Endpoints() (Endpoints, error) {
	var p Endpoints
	var err error
	if p.Compute, err = endpointOf(s.compute); err != nil {
		return p, err
	}
	if p.Network, err = endpointOf(s.network); err != nil {
		return p, err
	}
	if s.HasVolumes() {
		p.Volume, err = endpointOf(s.volume)
	}
	return p, err
}

func endpointOf(s service) (Endpoint, error) {
	sc, err := s()
	if err != nil {
		return Endpoint{}, err
	}
	address, err := url.Parse(sc.Endpoint)
	if err != nil {
		return Endpoint{}, fmt.Errorf("read the address of the %s service: %w", sc.Type, err)
	}
	return Endpoint{Type: sc.Type, Path: strings.TrimRight(address.Path, "/")}, nil
}

var (
	novaVersion    = regexp.MustCompile(`/v2(\.\d+)?/`)
	neutronVersion = regexp.MustCompile(`/v2\.0/$`)
	glanceVersion  = regexp.MustCompile(`/v2(\.\d+)?/$`)
)

// computeURL returns a catalog address with version v2.1. The old v2 ignores
// microversions, so it would make servers without tags.
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

// on runs a call against a service. Its error is a CloudError of the operation op, or a
// ConfigError.
func on[T any](op string, s service, call func(*gophercloud.ServiceClient) (T, error)) (T, error) {
	sc, err := s()
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

// listAll reads all pages of a list.
func listAll[T any](ctx context.Context, pages pagination.Pager, extract func(pagination.Page) ([]T, error)) ([]T, error) {
	all, err := pages.AllPages(ctx)
	if err != nil {
		return nil, err
	}
	return extract(all)
}
