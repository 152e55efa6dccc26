package contract

import (
	"net/http"
	"testing"
)

const noSuchID = "11111111-1111-1111-1111-111111111111"

var identityCases = []testCase{
	{"identity/catalog has the services", func(t *testing.T, s *suite) {
		for _, kind := range []string{"compute", "network", "image", "identity"} {
			if s.client.endpoints[kind] == "" {
				t.Errorf("no public endpoint for %s", kind)
			}
		}
		if s.client.project == "" {
			t.Error("the token names no project")
		}
	}},
	{"identity/wrong password is 401", func(t *testing.T, s *suite) {
		c := &client{}
		a, err := c.send(t.Context(), http.MethodPost, s.client.authURL+"/auth/tokens",
			object{"auth": Password("nobody", "wrong", "Default", "none", "Default")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.says(t, 401, "error", "The request you have made requires authentication.")
	}},
	{"identity/a token gives another token", func(t *testing.T, s *suite) {
		a, err := (&client{}).send(t.Context(), http.MethodPost, s.client.authURL+"/auth/tokens", object{"auth": object{
			"identity": object{"methods": []string{"token"}, "token": object{"id": s.client.token}},
			"scope":    object{"project": object{"id": s.client.project}},
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, appCredential := at(s.Auth, "identity", "application_credential").(object); !appCredential {
			a.is(t, 201)
			if a.header.Get("X-Subject-Token") == "" || len(a.list("token", "catalog")) == 0 {
				t.Errorf("no token or no catalog: %s", clip(a.text))
			}
		}
	}},
	{"identity/an empty request is 400", func(t *testing.T, s *suite) {
		a, err := (&client{}).send(t.Context(), http.MethodPost, s.client.authURL+"/auth/tokens", object{"auth": object{}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.says(t, 400, "error", "'identity' is a required property")
	}},
	{"identity/a bad token is 401 everywhere", func(t *testing.T, s *suite) {
		for kind, path := range map[string]string{"compute": "/servers", "network": "/networks", "image": "/images"} {
			for _, token := range []string{"bad", ""} {
				c := &client{token: token}
				a, err := c.send(t.Context(), http.MethodGet, s.client.endpoints[kind]+path, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				a.is(t, 401)
				if a.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: no WWW-Authenticate", a.what)
				}
			}
		}
	}},
}
