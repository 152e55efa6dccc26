package openstack

import (
	"cmp"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
)

// fromCloudsYAML reads one entry of clouds.yaml with its secure.yaml and its profile.
// The caller merges region, interface and certificates of the environment.
func fromCloudsYAML(cloud string, getenv func(string) string) (c Config, trust *tls.Config, err error) {
	defer func() {
		// The library uses the entry's auth section without a check that it is
		// there.
		if recover() != nil {
			err = invalid("cloud", "the entry %q of clouds.yaml has no section auth, which holds auth_url and the credentials", cloud)
		}
	}()
	options := []clouds.ParseOption{clouds.WithCloudName(cloud)}
	if path := getenv("OS_CLIENT_CONFIG_FILE"); path != "" {
		options = append(options, clouds.WithLocations(path))
	}
	ao, eo, trust, err := clouds.Parse(options...)
	if err != nil {
		return Config{}, nil, cloudsYAMLError(cloud, getenv, err)
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

// yamlLine finds the line in an error of the YAML library. The rest of the error may
// quote a secret of the file.
var yamlLine = regexp.MustCompile(`\bline (\d+)`)

// cloudsYAMLError returns the error about an entry of clouds.yaml that can't be used.
func cloudsYAMLError(cloud string, getenv func(string) string, err error) error {
	places := cloudsYAMLPlaces(getenv)
	i := slices.IndexFunc(places, func(path string) bool {
		f, err := os.Open(path)
		if err == nil {
			f.Close()
		}
		return err == nil
	})
	if i < 0 {
		return invalid("cloud", "the entry %q can't be read, because no clouds.yaml can: looked for %s. "+
			"OS_CLIENT_CONFIG_FILE names a file at another place", clean(cloud), clean(strings.Join(places, ", ")))
	}
	path := places[i]
	raw, readErr := os.ReadFile(path)
	names, ok := entries(raw)
	switch {
	case readErr != nil:
		return invalid("cloud", "%s can't be read: %w", path, readErr)
	case strings.TrimSpace(string(raw)) == "":
		return invalid("cloud", "%s is empty; it has to hold the entry %q under the key clouds", path, cloud)
	case !ok:
		at := ""
		if line := yamlLine.FindStringSubmatch(err.Error()); line != nil {
			at = " (line " + line[1] + ")"
		}
		return invalid("cloud", "%s is no valid clouds.yaml%s: entries with their section auth have to stand under the key clouds", path, at)
	case len(names) == 0:
		return invalid("cloud", "%s has no entry under the key clouds, so none is named %q", path, clean(cloud))
	case !slices.Contains(names, cloud):
		return invalid("cloud", "%s has no entry %q, but %s", path, clean(cloud), clean(strings.Join(closest(cloud, names), ", ")))
	}
	var file *os.PathError
	if errors.As(err, &file) { // the entry's cacert, cert or key
		return invalid("cloud", "the entry %q of %s names a file that can't be read: %w", cloud, path, file)
	}
	var wrong *yaml.SyntaxError
	if yamlLine.MatchString(err.Error()) || errors.As(err, &wrong) {
		return invalid("cloud", "secure.yaml or clouds-public.yaml beside %s is no valid YAML", path)
	}
	return invalid("cloud", "the entry %q of %s can't be used: %w", cloud, path, err)
}

// cloudsYAMLPlaces returns the paths at which a clouds.yaml is looked for, as the
// library looks for it.
func cloudsYAMLPlaces(getenv func(string) string) []string {
	if path := getenv("OS_CLIENT_CONFIG_FILE"); path != "" {
		return []string{path}
	}
	home, _ := os.UserHomeDir() // without one, the others stay
	here, _ := os.Getwd()
	user := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
	return []string{filepath.Join(here, "clouds.yaml"), filepath.Join(user, "openstack", "clouds.yaml"), "/etc/openstack/clouds.yaml"}
}

// entries returns the names of a file's entries; false if it is no clouds.yaml.
func entries(raw []byte) ([]string, bool) {
	var file struct {
		Clouds map[string]struct {
			Auth map[string]any `yaml:"auth"`
		} `yaml:"clouds"`
	}
	if yaml.Unmarshal(raw, &file) != nil {
		return nil, false
	}
	names := make([]string, 0, len(file.Clouds))
	for name := range file.Clouds {
		names = append(names, name)
	}
	return names, true
}
