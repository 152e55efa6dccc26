package openstack

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// settings is a Config after everything is said: who logs in where, and how the
// services are reached.
type settings struct {
	auth           gophercloud.AuthOptions
	region         string
	availability   gophercloud.Availability
	tls            *tls.Config
	maxConcurrency int
}

// resolve merges attributes, environment and clouds.yaml.
func (c Config) resolve() (settings, error) {
	getenv := c.getenv()
	env, err := fromEnvironment(getenv)
	if err != nil {
		return settings{}, err
	}
	trust := &tls.Config{}
	levels := []Config{c, env}
	var file Config
	if cloud := cmp.Or(c.Cloud, env.Cloud); cloud != "" {
		if file, trust, err = fromCloudsYAML(cloud, getenv); err != nil {
			return settings{}, err
		}
		levels = append(levels, file)
		if c.Cloud != "" {
			levels = []Config{c, file}
		}
	}
	s := settings{region: cmp.Or(c.Region, env.Region, file.Region), tls: trust}
	if s.auth, err = authOptions(levels); err != nil {
		return settings{}, err
	}
	if s.availability, err = availability(cmp.Or(c.EndpointType, env.EndpointType, file.EndpointType)); err != nil {
		return settings{}, err
	}
	if err := addTrust(s.tls, cmp.Or(c.CACertFile, env.CACertFile), cmp.Or(c.Insecure, env.Insecure)); err != nil {
		return settings{}, err
	}
	if c.MaxConcurrency < 0 {
		return settings{}, &ConfigError{"max_concurrency", fmt.Sprintf("%d requests at a time are not possible; set 1 or more", c.MaxConcurrency)}
	}
	s.maxConcurrency = cmp.Or(c.MaxConcurrency, DefaultMaxConcurrency)
	return s, nil
}

// availability reads an endpoint type; the forms with URL are those of old
// openrc files.
func availability(endpointType string) (gophercloud.Availability, error) {
	switch strings.TrimSuffix(endpointType, "URL") {
	case "", "public":
		return gophercloud.AvailabilityPublic, nil
	case "internal":
		return gophercloud.AvailabilityInternal, nil
	case "admin":
		return gophercloud.AvailabilityAdmin, nil
	}
	return "", &ConfigError{"endpoint_type", fmt.Sprintf("%q is none of public, internal, admin", endpointType)}
}

// addTrust adds what attributes and environment say of certificates to what the
// clouds.yaml entry says.
func addTrust(trust *tls.Config, caCert string, insecure *bool) error {
	if insecure != nil {
		trust.InsecureSkipVerify = *insecure
	}
	if caCert == "" {
		return nil
	}
	pem := []byte(caCert)
	if !strings.HasPrefix(strings.TrimSpace(caCert), "-----BEGIN") {
		path := caCert
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return &ConfigError{"cacert_file", err.Error()}
			}
			path = home + "/" + rest
		}
		var err error
		if pem, err = os.ReadFile(path); err != nil {
			return &ConfigError{"cacert_file", err.Error()}
		}
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return &ConfigError{"cacert_file", "holds no certificate in PEM form"}
	}
	return nil
}

// checkURL refuses what no request could be sent to.
func checkURL(authURL string) error {
	if authURL == "" {
		return &ConfigError{"auth_url", "no cloud is named: set " + howToSet("cloud") + " to an entry of clouds.yaml, or " + howToSet("auth_url")}
	}
	u, err := url.Parse(authURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return &ConfigError{"auth_url", fmt.Sprintf("%q is not an http or https URL", authURL)}
	}
	if u.User != nil {
		return &ConfigError{"auth_url", "holds a user name or password; set user_name and password instead"}
	}
	return nil
}
