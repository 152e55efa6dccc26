package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// DefaultMaxConcurrency is the number of requests that a client has under way
// at most, when the configuration sets none.
const DefaultMaxConcurrency = 16

// Config holds the settings of a login. An empty field is taken from the environment,
// then from the clouds.yaml entry.
//
// An entry named by Cloud itself (not by OS_CLOUD) is stronger than the
// environment's credentials: a sourced openrc of another project must not change
// the user or the project of the login.
type Config struct {
	Cloud string // clouds.yaml entry

	AuthURL                     string
	UserName                    string
	UserID                      string
	Password                    string
	ApplicationCredentialID     string
	ApplicationCredentialName   string
	ApplicationCredentialSecret string
	Token                       string
	TenantName                  string // the project
	TenantID                    string
	UserDomainName              string
	UserDomainID                string
	ProjectDomainName           string
	ProjectDomainID             string
	DomainName                  string // of user and project, where those have none of their own
	DomainID                    string

	Region       string
	EndpointType string // public (default), internal or admin
	CACertFile   string // path, or the certificates themselves in PEM
	Insecure     *bool  // nil: not set

	MaxConcurrency int           // 0: DefaultMaxConcurrency
	RequestTimeout time.Duration // the longest time of a request; 0: 1 min for a login, 5 min for a create, 2 min for others
	MaxRetries     *int          // repetitions of a request that failed or was put off; nil: 3 of the first, 8 of the second kind
	UserAgent      string        // put before the library's own

	// Log is called for each request and for each wait before a repetition.
	// It never gets a body or a header.
	Log func(ctx context.Context, msg string, fields map[string]any)

	// Getenv stands in for os.Getenv in tests, Transport for the network.
	Getenv    func(string) string
	Transport http.RoundTripper

	trustID string // from clouds.yaml only
}

// ConfigError is a setting that keeps a login from being tried. Field is the
// attribute's name in the provider configuration.
type ConfigError struct {
	Field   string
	Message string
	err     error // what Message wraps
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Message }

func (e *ConfigError) Unwrap() error { return e.err }

// invalid returns a ConfigError of that attribute; %w wraps an error.
func invalid(field, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &ConfigError{Field: field, Message: err.Error(), err: errors.Unwrap(err)}
}

// variable is an attribute with its environment variables, of which the first set one
// counts, and its place in Config.
type variable struct {
	field string
	env   []string
	at    func(*Config) *string
}

var variables = []variable{
	{"cloud", []string{"OS_CLOUD"}, func(c *Config) *string { return &c.Cloud }},
	{"auth_url", []string{"OS_AUTH_URL"}, func(c *Config) *string { return &c.AuthURL }},
	{"user_name", []string{"OS_USERNAME"}, func(c *Config) *string { return &c.UserName }},
	{"user_id", []string{"OS_USER_ID"}, func(c *Config) *string { return &c.UserID }},
	{"password", []string{"OS_PASSWORD"}, func(c *Config) *string { return &c.Password }},
	{"application_credential_id", []string{"OS_APPLICATION_CREDENTIAL_ID"}, func(c *Config) *string { return &c.ApplicationCredentialID }},
	{"application_credential_name", []string{"OS_APPLICATION_CREDENTIAL_NAME"}, func(c *Config) *string { return &c.ApplicationCredentialName }},
	{"application_credential_secret", []string{"OS_APPLICATION_CREDENTIAL_SECRET"}, func(c *Config) *string { return &c.ApplicationCredentialSecret }},
	{"token", []string{"OS_TOKEN", "OS_AUTH_TOKEN"}, func(c *Config) *string { return &c.Token }},
	{"tenant_name", []string{"OS_PROJECT_NAME", "OS_TENANT_NAME"}, func(c *Config) *string { return &c.TenantName }},
	{"tenant_id", []string{"OS_PROJECT_ID", "OS_TENANT_ID"}, func(c *Config) *string { return &c.TenantID }},
	{"user_domain_name", []string{"OS_USER_DOMAIN_NAME"}, func(c *Config) *string { return &c.UserDomainName }},
	{"user_domain_id", []string{"OS_USER_DOMAIN_ID"}, func(c *Config) *string { return &c.UserDomainID }},
	{"project_domain_name", []string{"OS_PROJECT_DOMAIN_NAME"}, func(c *Config) *string { return &c.ProjectDomainName }},
	{"project_domain_id", []string{"OS_PROJECT_DOMAIN_ID"}, func(c *Config) *string { return &c.ProjectDomainID }},
	{"domain_name", []string{"OS_DOMAIN_NAME"}, func(c *Config) *string { return &c.DomainName }},
	{"domain_id", []string{"OS_DOMAIN_ID"}, func(c *Config) *string { return &c.DomainID }},
	{"region", []string{"OS_REGION_NAME"}, func(c *Config) *string { return &c.Region }},
	{"endpoint_type", []string{"OS_INTERFACE", "OS_ENDPOINT_TYPE"}, func(c *Config) *string { return &c.EndpointType }},
	{"cacert_file", []string{"OS_CACERT"}, func(c *Config) *string { return &c.CACertFile }},
}

// fromEnvironment reads the OS_* variables.
func fromEnvironment(getenv func(string) string) (Config, error) {
	var c Config
	for _, v := range variables {
		for _, name := range v.env {
			if value := getenv(name); value != "" {
				*v.at(&c) = value
				break
			}
		}
	}
	switch text := strings.ToLower(getenv("OS_INSECURE")); text {
	case "":
	case "true", "1", "yes", "on":
		c.Insecure = new(true)
	case "false", "0", "no", "off":
		c.Insecure = new(false)
	default:
		return Config{}, invalid("insecure", "OS_INSECURE is %q; write true or false", text)
	}
	return c, nil
}

func (c Config) getenv() func(string) string {
	if c.Getenv != nil {
		return c.Getenv
	}
	return os.Getenv
}

// howToSet names an attribute and its environment variables, as in "tenant_name
// (or OS_PROJECT_NAME)".
func howToSet(field string) string {
	for _, v := range variables {
		if v.field == field {
			return field + " (or " + strings.Join(v.env, ", ") + ")"
		}
	}
	return field
}
