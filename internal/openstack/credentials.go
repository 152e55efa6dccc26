package openstack

import (
	"cmp"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// defaultDomain is the domain of users and projects that name none, as in the
// openstack command.
const defaultDomain = "default"

// pair is an object's name and ID. They are taken from one level together, so that a
// name in the configuration is never combined with another project's ID of an openrc.
type pair struct{ name, id string }

func (p pair) set() bool { return p.name != "" || p.id != "" }

// exact returns the ID alone where both are set: an openrc made by Horizon sets both,
// and Keystone accepts only one.
func (p pair) exact() pair {
	if p.id != "" {
		return pair{id: p.id}
	}
	return p
}

func firstPair(levels []Config, of func(Config) pair) pair {
	for _, c := range levels {
		if p := of(c); p.set() {
			return p.exact()
		}
	}
	return pair{}
}

func firstOf(levels []Config, of func(Config) string) string {
	for _, c := range levels {
		if v := of(c); v != "" {
			return v
		}
	}
	return ""
}

// secret is a kind of credential; its value is the attribute by which it is known.
type secret string

const (
	byPassword   secret = "password"
	byCredential secret = "application_credential_secret"
	byToken      secret = "token"
)

// secretOf returns the kind of credential that a level sets; "" for none.
func secretOf(c Config) (secret, error) {
	var found []string
	if c.Password != "" {
		found = append(found, string(byPassword))
	}
	if c.ApplicationCredentialSecret != "" || c.ApplicationCredentialID != "" || c.ApplicationCredentialName != "" {
		found = append(found, string(byCredential))
	}
	if c.Token != "" {
		found = append(found, string(byToken))
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return secret(found[0]), nil
	}
	return "", invalid(found[1], "%s are set together; leave one: each is a login of its own", strings.Join(found, " and "))
}

// authOptions returns the login of the levels, the strongest first. The strongest
// level with a credential decides the kind of credential; credentials of other kinds
// in weaker levels are ignored.
func authOptions(levels []Config) (gophercloud.AuthOptions, error) {
	kind := secret("")
	for _, c := range levels {
		var err error
		if kind, err = secretOf(c); err != nil {
			return gophercloud.AuthOptions{}, err
		}
		if kind != "" {
			break
		}
	}
	ao := gophercloud.AuthOptions{IdentityEndpoint: firstOf(levels, func(c Config) string { return c.AuthURL })}
	if err := checkURL(ao.IdentityEndpoint); err != nil {
		return gophercloud.AuthOptions{}, err
	}
	var err error
	switch kind {
	case byToken:
		ao.TokenID = firstOf(levels, func(c Config) string { return c.Token })
		ao.Scope = scope(levels, pair{})
		// A token can't be made anew from itself, so AllowReauth stays off.
	case byCredential:
		err = applicationCredential(&ao, levels)
	case byPassword:
		ao.AllowReauth = true
		ao.Password = firstOf(levels, func(c Config) string { return c.Password })
		var domain pair
		if domain, err = user(&ao, levels); err == nil {
			ao.Scope = scope(levels, domain)
		}
	default:
		err = invalid("password", "no credential: set %s, %s with its secret, or %s",
			howToSet("password"), howToSet("application_credential_id"), howToSet("token"))
	}
	return ao, err
}

// applicationCredential sets the application credential by its ID, or by its name and
// its user.
func applicationCredential(ao *gophercloud.AuthOptions, levels []Config) error {
	ao.AllowReauth = true
	ao.ApplicationCredentialSecret = firstOf(levels, func(c Config) string { return c.ApplicationCredentialSecret })
	if ao.ApplicationCredentialSecret == "" {
		return invalid("application_credential_secret", "an application credential is named without its secret: set %s", howToSet("application_credential_secret"))
	}
	credential := firstPair(levels, func(c Config) pair { return pair{c.ApplicationCredentialName, c.ApplicationCredentialID} })
	ao.ApplicationCredentialID, ao.ApplicationCredentialName = credential.id, credential.name
	switch {
	case !credential.set():
		return invalid("application_credential_id", "a secret is set without its application credential: set %s", howToSet("application_credential_id"))
	case credential.name != "":
		_, err := user(ao, levels)
		return err
	}
	return nil
}

// user sets the user with its domain, and returns that domain.
func user(ao *gophercloud.AuthOptions, levels []Config) (pair, error) {
	u := firstPair(levels, func(c Config) pair { return pair{c.UserName, c.UserID} })
	if !u.set() {
		return pair{}, invalid("user_name", "no user: set %s or %s", howToSet("user_name"), howToSet("user_id"))
	}
	domain := firstDomain(
		firstPair(levels, func(c Config) pair { return pair{c.UserDomainName, c.UserDomainID} }),
		firstPair(levels, func(c Config) pair { return pair{c.DomainName, c.DomainID} }),
		firstPair(levels, func(c Config) pair { return pair{c.ProjectDomainName, c.ProjectDomainID} }),
	)
	ao.Username, ao.UserID = u.name, u.id
	if u.id == "" { // an ID is unique, and Keystone refuses a domain beside it
		ao.DomainName, ao.DomainID = domain.name, domain.id
	}
	return domain, nil
}

// scope returns the project to work in. With nil Keystone decides: the user's default
// project, or the project that a token is bound to.
func scope(levels []Config, userDomain pair) *gophercloud.AuthScope {
	for _, c := range levels {
		project := pair{c.TenantName, c.TenantID}.exact()
		switch {
		case c.trustID != "":
			return &gophercloud.AuthScope{TrustID: c.trustID}
		case project.id != "":
			return &gophercloud.AuthScope{ProjectID: project.id}
		case project.name != "":
			domain := firstDomain(
				firstPair(levels, func(c Config) pair { return pair{c.ProjectDomainName, c.ProjectDomainID} }),
				firstPair(levels, func(c Config) pair { return pair{c.DomainName, c.DomainID} }),
				userDomain,
			)
			return &gophercloud.AuthScope{ProjectName: project.name, DomainName: domain.name, DomainID: domain.id}
		}
	}
	return nil
}

func firstDomain(choices ...pair) pair {
	return cmp.Or(append(choices, pair{id: defaultDomain})...)
}
