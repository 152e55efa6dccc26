package contract

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// Target is an OpenStack to hold to the contract, with the names of things in it
// that the cases may use.
type Target struct {
	AuthURL string
	Auth    map[string]any // "identity" and, but for application credentials, "scope" of the token request
	Region  string         // "" is any

	Flavor, Image, Network string // by name
	ExternalNetwork        string // "" leaves out the cases of floating IPs
	SecurityGroup          string // "" is default

	// FaultMetadata reports whether the cloud has three hypervisors, and honours two
	// kinds of metadata: servers with vmlab_fail=spawn end in ERROR, and those with
	// vmlab_delay=SECONDS build that much longer.
	FaultMetadata bool
}

// Password is the token request's body for a user with a password.
func Password(username, password, userDomain, project, projectDomain string) map[string]any {
	return map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{
			"name": username, "password": password, "domain": map[string]any{"name": userDomain},
		}}},
		"scope": map[string]any{"project": map[string]any{"name": project, "domain": map[string]any{"name": projectDomain}}},
	}
}

// ApplicationCredential is the token request's body for an application
// credential.
func ApplicationCredential(id, secret string) map[string]any {
	return map[string]any{"identity": map[string]any{
		"methods":                []string{"application_credential"},
		"application_credential": map[string]any{"id": id, "secret": secret},
	}}
}

// FromEnvironment reads the target that OS_CLOUD names in clouds.yaml, and the
// names of flavor, image and networks:
//
//	OS_CLOUD, OS_CLIENT_CONFIG_FILE   the cloud (the file: ./clouds.yaml, ~/.config/openstack, /etc/openstack)
//	VMCLUSTER_ACC_FLAVOR              a small flavor
//	VMCLUSTER_ACC_IMAGE               an image that fits it; it need not boot
//	VMCLUSTER_ACC_NETWORK             a network with a subnet
//	VMCLUSTER_ACC_EXTERNAL_NETWORK    where floating IPs come from; optional
//	VMCLUSTER_ACC_SECURITY_GROUP      optional, default "default"
//	VMCLUSTER_ACC_FAULTS              1: the cloud honours vmlab_fail and vmlab_delay and has three hypervisors
func FromEnvironment() (Target, error) {
	t := Target{
		Flavor: os.Getenv("VMCLUSTER_ACC_FLAVOR"), Image: os.Getenv("VMCLUSTER_ACC_IMAGE"), Network: os.Getenv("VMCLUSTER_ACC_NETWORK"),
		ExternalNetwork: os.Getenv("VMCLUSTER_ACC_EXTERNAL_NETWORK"), SecurityGroup: os.Getenv("VMCLUSTER_ACC_SECURITY_GROUP"),
		FaultMetadata: os.Getenv("VMCLUSTER_ACC_FAULTS") == "1",
	}
	var missing []string
	for _, name := range []string{"OS_CLOUD", "VMCLUSTER_ACC_FLAVOR", "VMCLUSTER_ACC_IMAGE", "VMCLUSTER_ACC_NETWORK"} {
		if os.Getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return t, fmt.Errorf("a real cloud is to be tested, but these variables are not set: %s", strings.Join(missing, ", "))
	}
	return t, t.readCloud(os.Getenv("OS_CLOUD"))
}

// cloudEntry is an entry of clouds.yaml as far as it is needed here.
type cloudEntry struct {
	Auth struct {
		AuthURL       string `yaml:"auth_url"`
		Username      string `yaml:"username"`
		Password      string `yaml:"password"`
		ProjectName   string `yaml:"project_name"`
		UserDomain    string `yaml:"user_domain_name"`
		ProjectDomain string `yaml:"project_domain_name"`
		AppID         string `yaml:"application_credential_id"`
		AppSecret     string `yaml:"application_credential_secret"`
	} `yaml:"auth"`
	Region string `yaml:"region_name"`
}

func (t *Target) readCloud(name string) error {
	file, err := cloudsFile()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read clouds.yaml: %w", err)
	}
	var all struct {
		Clouds map[string]cloudEntry `yaml:"clouds"`
	}
	if err := yaml.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	e, ok := all.Clouds[name]
	if !ok {
		return fmt.Errorf("read %s: it has no cloud %q (OS_CLOUD)", file, name)
	}
	t.AuthURL, t.Region = strings.TrimSuffix(e.Auth.AuthURL, "/"), e.Region
	if !strings.HasSuffix(t.AuthURL, "/v3") {
		t.AuthURL += "/v3"
	}
	if e.Auth.AppID != "" {
		t.Auth = ApplicationCredential(e.Auth.AppID, e.Auth.AppSecret)
		return nil
	}
	t.Auth = Password(e.Auth.Username, e.Auth.Password, e.Auth.UserDomain, e.Auth.ProjectName, e.Auth.ProjectDomain)
	return nil
}

func cloudsFile() (string, error) {
	if f := os.Getenv("OS_CLIENT_CONFIG_FILE"); f != "" {
		return f, nil
	}
	places := []string{"clouds.yaml", "/etc/openstack/clouds.yaml"}
	if home, err := os.UserHomeDir(); err == nil {
		places = append(places, filepath.Join(home, ".config", "openstack", "clouds.yaml"))
	}
	for _, f := range places {
		if _, err := os.Stat(f); err == nil {
			return f, nil
		}
	}
	return "", fmt.Errorf("find clouds.yaml: none of %s is there; OS_CLIENT_CONFIG_FILE names another", strings.Join(places, ", "))
}
