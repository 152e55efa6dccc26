package openstack

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
)

const cloudsYAML = `
clouds:
  research:
    auth: {auth_url: "https://research:5000/v3", username: alice, password: from-file, project_name: file-project,
           user_domain_name: Users, project_domain_name: Projects}
    region_name: North
    interface: internal
    verify: false
  robot:
    auth: {auth_url: "https://research:5000", application_credential_id: ac1, application_credential_secret: s3}
  bare: {region_name: North}
`

// login is the user, the project and the cloud of a configuration.
type login struct {
	url, user, userDomain, password, credential, token string
	project, projectDomain, region                     string
	availability                                       gophercloud.Availability
	reauth                                             bool
}

func (s settings) login() login {
	l := login{
		url: s.auth.IdentityEndpoint, user: s.auth.Username + s.auth.UserID, userDomain: s.auth.DomainName + s.auth.DomainID,
		password: s.auth.Password, token: s.auth.TokenID, reauth: s.auth.AllowReauth,
		credential: s.auth.ApplicationCredentialID + s.auth.ApplicationCredentialName, region: s.region, availability: s.availability,
	}
	if s.auth.Scope != nil {
		l.project = s.auth.Scope.ProjectName + s.auth.Scope.ProjectID
		l.projectDomain = s.auth.Scope.DomainName + s.auth.Scope.DomainID
	}
	return l
}

func environment(t *testing.T, values map[string]string) func(string) string {
	t.Helper()
	// The library reads these by itself.
	for _, name := range []string{"OS_CLOUD", "OS_REGION_NAME", "OS_INTERFACE", "OS_CLIENT_CONFIG_FILE", "OS_CACERT", "OS_CERT", "OS_KEY"} {
		t.Setenv(name, "")
	}
	path := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(path, []byte(cloudsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(name string) string {
		if name == "OS_CLIENT_CONFIG_FILE" {
			return path
		}
		return values[name]
	}
}

func TestPrecedence(t *testing.T) {
	research := login{
		url: "https://research:5000/v3", user: "alice", userDomain: "Users", password: "from-file", project: "file-project",
		projectDomain: "Projects", region: "North", availability: gophercloud.AvailabilityInternal, reauth: true,
	}
	with := func(l login, change func(*login)) login { change(&l); return l }
	openrc := map[string]string{"OS_AUTH_URL": "http://env:5000/v3", "OS_USERNAME": "bob", "OS_PASSWORD": "from-env", "OS_PROJECT_NAME": "env-project"}
	fromEnv := login{
		url: "http://env:5000/v3", user: "bob", userDomain: "default", password: "from-env", project: "env-project",
		projectDomain: "default", availability: gophercloud.AvailabilityPublic, reauth: true,
	}
	and := func(more map[string]string) map[string]string {
		out := map[string]string{}
		for _, m := range []map[string]string{openrc, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	tests := map[string]struct {
		config Config
		env    map[string]string
		want   login
	}{
		"clouds.yaml by attribute":   {Config{Cloud: "research"}, nil, research},
		"clouds.yaml by environment": {Config{}, map[string]string{"OS_CLOUD": "research"}, research},
		"environment alone":          {Config{}, openrc, fromEnv},
		"attribute over environment": {Config{UserName: "carol", Region: "West"}, and(map[string]string{"OS_REGION_NAME": "East"}),
			with(fromEnv, func(l *login) { l.user, l.region = "carol", "West" })},
		"environment over clouds.yaml": {Config{}, map[string]string{"OS_CLOUD": "research", "OS_PROJECT_NAME": "other", "OS_REGION_NAME": "East", "OS_ENDPOINT_TYPE": "adminURL"},
			with(research, func(l *login) { l.project, l.region, l.availability = "other", "East", gophercloud.AvailabilityAdmin })},
		"an openrc does not change who a named entry logs in": {Config{Cloud: "research"}, openrc, research},
		"attribute over the entry it names": {Config{Cloud: "research", TenantName: "mine"}, nil,
			with(research, func(l *login) { l.project = "mine" })},
		"a name does not meet another level's ID": {Config{TenantName: "mine"}, and(map[string]string{"OS_PROJECT_ID": "p1"}),
			with(fromEnv, func(l *login) { l.project = "mine" })},
		"an openrc with ID and name: the ID": {Config{}, and(map[string]string{"OS_PROJECT_ID": "p1"}),
			with(fromEnv, func(l *login) { l.project, l.projectDomain = "p1", "" })},
		"the old names of the project": {Config{}, map[string]string{"OS_AUTH_URL": "http://env:5000/v3", "OS_USER_ID": "u1", "OS_PASSWORD": "p", "OS_TENANT_NAME": "old"},
			login{url: "http://env:5000/v3", user: "u1", password: "p", project: "old", projectDomain: "default", availability: gophercloud.AvailabilityPublic, reauth: true}},
		"one domain for both": {Config{DomainName: "Corp"}, openrc,
			with(fromEnv, func(l *login) { l.userDomain, l.projectDomain = "Corp", "Corp" })},
		"the user's domain is the project's too": {Config{UserDomainID: "d1"}, openrc,
			with(fromEnv, func(l *login) { l.userDomain, l.projectDomain = "d1", "d1" })},
		"application credential: no scope": {Config{Cloud: "robot"}, nil,
			login{url: "https://research:5000", credential: "ac1", availability: gophercloud.AvailabilityPublic, reauth: true}},
		"application credential by name needs its user": {Config{ApplicationCredentialName: "bot", ApplicationCredentialSecret: "x", UserName: "alice", AuthURL: "http://a/v3"}, nil,
			login{url: "http://a/v3", user: "alice", userDomain: "default", credential: "bot", availability: gophercloud.AvailabilityPublic, reauth: true}},
		"a stronger level's credential decides the kind": {Config{Cloud: "robot", UserName: "alice", Password: "x", TenantID: "p1"}, nil,
			login{url: "https://research:5000", user: "alice", userDomain: "default", password: "x", project: "p1", availability: gophercloud.AvailabilityPublic, reauth: true}},
		"a token can't be renewed": {Config{Token: "t"}, map[string]string{"OS_AUTH_URL": "http://a/v3"},
			login{url: "http://a/v3", token: "t", availability: gophercloud.AvailabilityPublic}},
		"the token's other variable": {Config{}, map[string]string{"OS_AUTH_URL": "http://a/v3", "OS_AUTH_TOKEN": "t", "OS_PROJECT_ID": "p1"},
			login{url: "http://a/v3", token: "t", project: "p1", availability: gophercloud.AvailabilityPublic}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.config.Getenv = environment(t, test.env)
			s, err := test.config.resolve()
			if err != nil {
				t.Fatal(err)
			}
			if got := s.login(); got != test.want {
				t.Errorf("login is\n%v, want\n%v", got, test.want)
			}
		})
	}
}

func TestConfigErrorsNameTheSetting(t *testing.T) {
	tests := map[string]struct {
		config Config
		env    map[string]string
		field  string
	}{
		"nothing is set":                       {Config{}, nil, "auth_url"},
		"an entry that is not there":           {Config{Cloud: "nowhere"}, nil, "cloud"},
		"an entry without auth":                {Config{}, map[string]string{"OS_CLOUD": "bare"}, "cloud"},
		"no URL":                               {Config{AuthURL: "keystone", Password: "x"}, nil, "auth_url"},
		"a password in the URL":                {Config{AuthURL: "https://a:b@keystone/v3", Password: "x"}, nil, "auth_url"},
		"no credential":                        {Config{AuthURL: "http://a"}, map[string]string{"OS_USERNAME": "bob"}, "password"},
		"a password without a user":            {Config{AuthURL: "http://a", Password: "x"}, nil, "user_name"},
		"a secret without its credential":      {Config{AuthURL: "http://a", ApplicationCredentialSecret: "x"}, nil, "application_credential_id"},
		"a credential without its secret":      {Config{AuthURL: "http://a", ApplicationCredentialID: "x"}, nil, "application_credential_secret"},
		"a credential by name without a user":  {Config{AuthURL: "http://a", ApplicationCredentialName: "n", ApplicationCredentialSecret: "x"}, nil, "user_name"},
		"two kinds of credential":              {Config{AuthURL: "http://a", Password: "x", Token: "t"}, nil, "token"},
		"two kinds of credential, environment": {Config{}, map[string]string{"OS_AUTH_URL": "http://a", "OS_PASSWORD": "x", "OS_APPLICATION_CREDENTIAL_ID": "y"}, "application_credential_secret"},
		"an unknown endpoint type":             {Config{Cloud: "research", EndpointType: "private"}, nil, "endpoint_type"},
		"certificates that are not there":      {Config{Cloud: "research", CACertFile: "/no/such/file"}, nil, "cacert_file"},
		"certificates that are none":           {Config{Cloud: "research", CACertFile: "-----BEGIN NOTHING-----"}, nil, "cacert_file"},
		"neither true nor false":               {Config{Cloud: "research"}, map[string]string{"OS_INSECURE": "perhaps"}, "insecure"},
		"no requests at all":                   {Config{Cloud: "research", MaxConcurrency: -1}, nil, "max_concurrency"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.config.Getenv = environment(t, test.env)
			_, err := test.config.resolve()
			var config *ConfigError
			if !errors.As(err, &config) || config.Field != test.field {
				t.Errorf("error is %v, want one of %s", err, test.field)
			}
		})
	}
}

func TestInsecure(t *testing.T) {
	tests := map[string]struct {
		config *bool
		env    string
		want   bool // clouds.yaml says verify: false
	}{
		"clouds.yaml":                 {nil, "", true},
		"environment over it":         {nil, "false", false},
		"attribute over environment":  {new(true), "false", true},
		"attribute false counts, too": {new(false), "true", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := Config{Cloud: "research", Insecure: test.config, Getenv: environment(t, map[string]string{"OS_INSECURE": test.env})}
			s, err := c.resolve()
			if err != nil {
				t.Fatal(err)
			}
			if s.tls.InsecureSkipVerify != test.want {
				t.Errorf("certificates unchecked: %v, want %v", s.tls.InsecureSkipVerify, test.want)
			}
		})
	}
}
