package openstack

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// token is what a login has brought.
type token struct {
	catalog *tokens.ServiceCatalog
	project string // ID; "" for a login that is bound to no project
	roles   []string
}

// errNoToken is the error for an answer with the status of a login and without a token.
var errNoToken = errors.New("the answer holds no token")

func readToken(pc *gophercloud.ProviderClient) (token, error) {
	if pc.Token() == "" {
		return token{}, errNoToken
	}
	result := pc.GetAuthResult()
	raw, ok := result.(interface {
		ExtractServiceCatalog() (*tokens.ServiceCatalog, error)
		ExtractProject() (*tokens.Project, error)
		ExtractRoles() ([]tokens.Role, error)
	})
	if !ok {
		return token{}, errors.New("read token: the login left neither catalog nor project")
	}
	catalog, err := raw.ExtractServiceCatalog()
	if err != nil {
		return token{}, fmt.Errorf("read token: %w", err)
	}
	project, err := raw.ExtractProject()
	if err != nil {
		return token{}, fmt.Errorf("read token: %w", err)
	}
	t := token{catalog: catalog}
	if roles, err := raw.ExtractRoles(); err == nil { // they only spare calls
		for _, r := range roles {
			t.roles = append(t.roles, r.Name)
		}
	}
	if project != nil {
		t.project = project.ID
	}
	return t, nil
}

// serviceAddress returns a service's address from the catalog.
func serviceAddress(catalog *tokens.ServiceCatalog, serviceType, region string, availability gophercloud.Availability) (string, error) {
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
		return "", invalid("region", "the catalog has no %s service in region %q, but in %s: set %s",
			serviceType, region, strings.Join(slices.Compact(regions), ", "), howToSet("region"))
	}
	return "", &cluster.CloudError{
		Kind: cluster.FaultNotFound, Op: "find the " + serviceType + " service",
		Message: fmt.Sprintf("the catalog that came with the login has no %s endpoint of this service", availability),
		Help:    "Check " + catalogSetting + ", and whether the project may use the service.",
	}
}
