package openstack

import (
	"crypto/tls"

	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
)

// fromCloudsYAML reads one entry of clouds.yaml with its secure.yaml and its profile.
// The caller merges region, interface and certificates of the environment.
func fromCloudsYAML(cloud string, getenv func(string) string) (c Config, trust *tls.Config, err error) {
	defer func() {
		// The library uses the entry's auth section without a check that it is
		// there.
		if recover() != nil {
			err = invalid("cloud", "entry %q of clouds.yaml has no auth section", cloud)
		}
	}()
	options := []clouds.ParseOption{clouds.WithCloudName(cloud)}
	if path := getenv("OS_CLIENT_CONFIG_FILE"); path != "" {
		options = append(options, clouds.WithLocations(path))
	}
	ao, eo, trust, err := clouds.Parse(options...)
	if err != nil {
		return Config{}, nil, invalid("cloud", "read entry %q of clouds.yaml: %w", cloud, err)
	}
	c = Config{
		AuthURL:                     ao.IdentityEndpoint,
		UserName:                    ao.Username,
		UserID:                      ao.UserID,
		Password:                    ao.Password,
		ApplicationCredentialID:     ao.ApplicationCredentialID,
		ApplicationCredentialName:   ao.ApplicationCredentialName,
		ApplicationCredentialSecret: ao.ApplicationCredentialSecret,
		Token:                       ao.TokenID,
		TenantName:                  ao.TenantName,
		TenantID:                    ao.TenantID,
		UserDomainName:              ao.DomainName,
		UserDomainID:                ao.DomainID,
		Region:                      eo.Region,
		EndpointType:                string(eo.Availability),
	}
	if ao.Scope != nil {
		c.ProjectDomainName, c.ProjectDomainID = ao.Scope.DomainName, ao.Scope.DomainID
		c.trustID = ao.Scope.TrustID
	}
	return c, trust, nil
}
