package openstack

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// settings are a Config with environment and clouds.yaml merged into it: the login, and
// how the services are reached.
type settings struct {
	auth           gophercloud.AuthOptions
	region         string
	availability   gophercloud.Availability
	tls            *tls.Config
	maxConcurrency int
	cloud          string // the clouds.yaml entry that auth_url comes from; "" if it comes from elsewhere
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
	if file.AuthURL != "" && firstOf(levels[:len(levels)-1], func(c Config) string { return c.AuthURL }) == "" {
		s.cloud = cmp.Or(c.Cloud, env.Cloud)
	}
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
		return settings{}, invalid("max_concurrency", "%d requests at a time are not possible; set 1 or more", c.MaxConcurrency)
	}
	if c.RequestTimeout < 0 {
		return settings{}, invalid("request_timeout", "%s is no time in which an answer can come; set 1s or more", c.RequestTimeout)
	}
	if c.MaxRetries != nil && *c.MaxRetries < 0 {
		return settings{}, invalid("max_retries", "%d repetitions are not possible; set 0 or more", *c.MaxRetries)
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
	return "", invalid("endpoint_type", "%q is none of public, internal, admin", endpointType)
}

// addTrust adds the certificates of attributes and environment to those of the
// clouds.yaml entry.
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
				return invalid("cacert_file", "%w", err)
			}
			path = home + "/" + rest
		}
		var err error
		if pem, err = os.ReadFile(path); err != nil {
			return invalid("cacert_file", "the file with the CA's certificate can't be read: %w", err)
		}
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return invalid("cacert_file", "%s holds no certificate in PEM form", shownPath(caCert))
	}
	return nil
}

// shownPath returns the path of a file as an error names it; certificates themselves
// are not shown.
func shownPath(pathOrPEM string) string {
	if strings.Contains(pathOrPEM, "-----BEGIN") {
		return "the text"
	}
	return clean(pathOrPEM)
}

// checkURL returns an error for a URL to which no request could be sent.
func checkURL(authURL string) error {
	if authURL == "" {
		return invalid("auth_url", "no cloud is named: set %s to an entry of clouds.yaml, or %s", howToSet("cloud"), howToSet("auth_url"))
	}
	u, err := url.Parse(authURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return invalid("auth_url", "%q is not an http or https URL", authURL)
	}
	if u.User != nil {
		return invalid("auth_url", "holds a user name or password; set user_name and password instead")
	}
	return nil
}
