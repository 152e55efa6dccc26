package openstacktest

import (
	"encoding/json"
	"net/http"
	"time"
)

type token struct {
	methods         []string
	issued, expires time.Time
	appCredential   bool
}

func identityError(q *request, status int, message string) {
	q.reply(status, map[string]any{"error": map[string]any{"code": status, "message": message, "title": http.StatusText(status)}})
}

const authenticate = "The request you have made requires authentication."

// authRequest is the body of POST /auth/tokens as far as it is read.
type authRequest struct {
	Auth struct {
		Identity *struct {
			Methods  []string `json:"methods"`
			Password struct {
				User struct {
					ID, Name, Password string
				} `json:"user"`
			} `json:"password"`
			Token struct {
				ID string `json:"id"`
			} `json:"token"`
			ApplicationCredential struct {
				ID, Name, Secret string
				User             struct{ ID, Name string }
			} `json:"application_credential"`
		} `json:"identity"`
		Scope json.RawMessage `json:"scope"`
	} `json:"auth"`
}

func issueToken(c *Cloud, q *request) {
	var a authRequest
	if err := json.Unmarshal(q.body, &a); err != nil || a.Auth.Identity == nil || len(a.Auth.Identity.Methods) == 0 {
		identityError(q, http.StatusBadRequest, "'identity' is a required property")
		return
	}
	t := &token{methods: a.Auth.Identity.Methods, issued: q.now, expires: q.now.Add(c.o.TokenTTL)}
	for _, method := range a.Auth.Identity.Methods {
		if !c.identify(q, method, a, t) {
			return
		}
	}
	if !t.appCredential && !projectKnown(a.Auth.Scope) {
		unauthorized(q)
		return
	}
	id := "gAAAAA" + randomHex(60)
	c.tokens[id] = t
	q.header.Set("X-Subject-Token", id)
	q.header.Set("Vary", "X-Auth-Token")
	q.reply(http.StatusCreated, t.view(q, c.o.BlockStorage))
}

// identify checks one method's words; it writes the answer itself if they are wrong.
func (c *Cloud) identify(q *request, method string, a authRequest, t *token) bool {
	i := a.Auth.Identity
	switch method {
	case "password":
		u := i.Password.User
		if (u.Name != Username && u.ID != UserID) || u.Password != Password {
			unauthorized(q)
			return false
		}
	case "token":
		old, ok := c.tokens[i.Token.ID]
		if !ok || !q.now.Before(old.expires) {
			identityError(q, http.StatusNotFound, "Could not recognize Fernet token")
			return false
		}
		t.expires = old.expires // a token cannot lengthen its own life
	case "application_credential":
		k := i.ApplicationCredential
		named := k.Name == AppCredential && (k.User.Name == Username || k.User.ID == UserID)
		if (k.ID != AppCredentialID && !named) || k.Secret != AppCredentialKey {
			unauthorized(q)
			return false
		}
		if len(a.Auth.Scope) > 0 {
			identityError(q, http.StatusUnauthorized, "Error authenticating with application credential: Application credentials cannot request a scope.")
			return false
		}
		t.appCredential = true
	default:
		unauthorized(q)
		return false
	}
	return true
}

func unauthorized(q *request) {
	q.header.Set("WWW-Authenticate", `Keystone uri="`+q.base+`/identity/v3"`)
	identityError(q, http.StatusUnauthorized, authenticate)
}

// No scope means the user's default project.
func projectKnown(scope json.RawMessage) bool {
	if len(scope) == 0 {
		return true
	}
	var s struct {
		Project *struct{ ID, Name string } `json:"project"`
	}
	if err := json.Unmarshal(scope, &s); err != nil || s.Project == nil {
		return false
	}
	return s.Project.ID == ProjectID || s.Project.Name == ProjectName
}

func (t *token) view(q *request, blockStorage bool) any {
	type m = map[string]any
	domain := m{"id": "default", "name": DomainName}
	services := []struct{ kind, name, path string }{
		{"compute", "nova", "/compute/v2.1"}, {"image", "glance", "/image"},
		{"network", "neutron", "/network"}, {"identity", "keystone", "/identity/v3/"},
	}
	if blockStorage {
		services = append(services, struct{ kind, name, path string }{"volumev3", "cinderv3", "/volume/v3/" + ProjectID})
	}
	var catalog []m
	for _, s := range services {
		var endpoints []m
		for _, i := range []string{"public", "internal", "admin"} {
			endpoints = append(endpoints, m{
				"id": s.name + i, "interface": i, "region": Region, "region_id": Region, "url": q.base + s.path,
			})
		}
		catalog = append(catalog, m{"id": s.name, "type": s.kind, "name": s.name, "endpoints": endpoints})
	}
	v := m{
		"methods":    t.methods,
		"user":       m{"domain": domain, "id": UserID, "name": Username, "password_expires_at": nil},
		"audit_ids":  []string{randomHex(8)},
		"issued_at":  micros(t.issued) + "Z",
		"expires_at": micros(t.expires) + "Z",
		"project":    m{"domain": domain, "id": ProjectID, "name": ProjectName},
		"is_domain":  false,
		"roles":      []m{{"id": "1f1b332d90d04ba1be5bfe8c02ce505b", "name": "member"}, {"id": "d11ee8143beb4e93979d5a58891123c1", "name": "reader"}},
		"catalog":    catalog,
	}
	if t.appCredential {
		v["application_credential"] = m{"id": AppCredentialID, "name": AppCredential, "restricted": false}
	}
	return m{"token": v}
}

func showToken(c *Cloud, q *request) {
	t, ok := c.tokens[q.Header.Get("X-Subject-Token")]
	if !c.authorized(q) || !ok {
		unauthorized(q)
		return
	}
	q.header.Set("X-Subject-Token", q.Header.Get("X-Subject-Token"))
	q.reply(http.StatusOK, t.view(q, c.o.BlockStorage))
}

func identityVersion(_ *Cloud, q *request) {
	q.reply(http.StatusOK, map[string]any{"version": map[string]any{
		"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []link{{"self", q.base + "/identity/v3/"}},
	}})
}

func identityVersions(_ *Cloud, q *request) {
	q.reply(http.StatusMultipleChoices, map[string]any{"versions": map[string]any{"values": []any{map[string]any{
		"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []link{{"self", q.base + "/identity/v3/"}},
	}}}})
}

func (c *Cloud) authorized(q *request) bool {
	t, ok := c.tokens[q.Header.Get("X-Auth-Token")]
	return ok && q.now.Before(t.expires)
}

// ExpireTokens ends all tokens that were given out; the next call with one of
// them gets 401.
func (c *Cloud) ExpireTokens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.tokens)
}
