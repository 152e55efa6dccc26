package contract

import (
	"net/http"
	"net/url"
	"testing"
)

const get = http.MethodGet

// isNumber reports whether v is a JSON number.
func isNumber(v any) bool {
	_, ok := v.(float64)
	return ok
}

var lookupCases = []testCase{
	{"microversion/the range covers 2.52", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/servers", nil, "2.52").is(t, 200)
		if got := a.header.Get("OpenStack-API-Version"); got != "compute 2.52" {
			t.Errorf("OpenStack-API-Version %q", got)
		}
		if got := a.header.Get("X-OpenStack-Nova-API-Version"); got != "2.52" {
			t.Errorf("X-OpenStack-Nova-API-Version %q", got)
		}
	}},
	{"microversion/one that is not spoken is 406", func(t *testing.T, s *suite) {
		s.call(t, "compute", get, "/servers", nil, "2.9999").says(t, 406, "computeFault", "Version 2.9999 is not supported by the API. Minimum is 2.1")
	}},
	{"microversion/nonsense is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", get, "/servers", nil, "x").says(t, 400, "badRequest", "API Version String x is of invalid format.")
	}},
	{"flavor/the list has names and IDs, the detail has sizes", func(t *testing.T, s *suite) {
		for _, f := range s.call(t, "compute", get, "/flavors/detail", nil).is(t, 200).list("flavors") {
			for _, key := range []string{"vcpus", "ram", "disk", "OS-FLV-EXT-DATA:ephemeral"} {
				if !isNumber(at(f, key)) {
					t.Errorf("flavor %v: %s is %v", at(f, "name"), key, at(f, key))
				}
			}
		}
		a := s.call(t, "compute", get, "/flavors/"+s.flavorID, nil).is(t, 200)
		if a.string("flavor", "name") != s.Flavor || a.string("flavor", "id") != s.flavorID {
			t.Errorf("flavor by ID: %s", clip(a.text))
		}
	}},
	{"flavor/unknown is 404", func(t *testing.T, s *suite) {
		s.call(t, "compute", get, "/flavors/nosuch", nil).says(t, 404, "itemNotFound", "Flavor nosuch could not be found.")
	}},
	{"flavor/pages by limit and marker", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/flavors/detail?limit=1", nil).is(t, 200)
		if len(a.list("flavors")) != 1 || a.string("flavors_links", 0, "rel") != "next" {
			t.Errorf("first page: %s", clip(a.text))
		}
	}},
	{"image/by name and by ID", func(t *testing.T, s *suite) {
		a := s.call(t, "image", get, "/images/"+s.imageID, nil).is(t, 200)
		if a.string("name") != s.Image || a.string("status") != "active" || !isNumber(a.at("min_ram")) || !isNumber(a.at("min_disk")) {
			t.Errorf("image: %s", clip(a.text))
		}
		if n := len(s.call(t, "image", get, "/images?name="+s.prefix, nil).is(t, 200).list("images")); n != 0 {
			t.Errorf("%d images of a name that does not exist", n)
		}
	}},
	{"image/unknown is 404 in plain text", func(t *testing.T, s *suite) {
		s.call(t, "image", get, "/images/"+noSuchID, nil).is(t, 404)
	}},
	{"network/by name, by ID, with fields", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/networks?name="+url.QueryEscape(s.Network)+"&fields=id&fields=name", nil).is(t, 200)
		if len(a.list("networks")) != 1 || a.string("networks", 0, "id") != s.networkID || len(a.at("networks", 0).(object)) != 2 {
			t.Errorf("networks by name: %s", clip(a.text))
		}
		a = s.call(t, "network", get, "/networks/"+s.networkID, nil).is(t, 200)
		if a.at("network", "router:external") != false || len(a.list("network", "subnets")) == 0 {
			t.Errorf("network by ID: %s", clip(a.text))
		}
		if n := len(s.call(t, "network", get, "/networks?name="+s.prefix, nil).is(t, 200).list("networks")); n != 0 {
			t.Errorf("%d networks of a name that does not exist", n)
		}
	}},
	{"network/unknown is 404", func(t *testing.T, s *suite) {
		s.call(t, "network", get, "/networks/nosuch", nil).says(t, 404, "NeutronError:NetworkNotFound", "Network nosuch could not be found.")
	}},
	{"network/subnets of a network", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/subnets?network_id="+s.networkID, nil).is(t, 200)
		if len(a.list("subnets")) == 0 || a.string("subnets", 0, "cidr") == "" || a.string("subnets", 0, "allocation_pools", 0, "start") == "" {
			t.Errorf("subnets: %s", clip(a.text))
		}
	}},
	{"security group/unknown is 404", func(t *testing.T, s *suite) {
		s.call(t, "network", get, "/security-groups/nosuch", nil).says(t, 404, "NeutronError:SecurityGroupNotFound", "Security group nosuch does not exist")
	}},
	{"network quota/numbers", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/quotas/"+s.client.project, nil).is(t, 200)
		if !isNumber(a.at("quota", "port")) || !isNumber(a.at("quota", "floatingip")) {
			t.Errorf("quota: %s", clip(a.text))
		}
	}},
	{"limits/absolute numbers", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/limits", nil).is(t, 200)
		for _, key := range []string{
			"maxTotalInstances", "maxTotalCores", "maxTotalRAMSize", "totalInstancesUsed", "totalCoresUsed", "totalRAMUsed", "maxServerMeta",
		} {
			if !isNumber(a.at("limits", "absolute", key)) {
				t.Errorf("limits: %s is %v", key, a.at("limits", "absolute", key))
			}
		}
	}},
	{"key pair/unknown is 404", func(t *testing.T, s *suite) {
		s.call(t, "compute", get, "/os-keypairs/"+s.prefix, nil).says(t, 404, "itemNotFound", "Keypair "+s.prefix+" not found for user")
	}},
	{"key pair/made, shown, refused twice, deleted", func(t *testing.T, s *suite) {
		key := object{"keypair": object{"name": s.prefix, "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHBo21E5LQGiRX7by14RB5uwCQR37xnx/33Edqq/cC9 x"}}
		s.call(t, "compute", http.MethodPost, "/os-keypairs", key).is(t, 201)
		defer s.call(t, "compute", http.MethodDelete, "/os-keypairs/"+s.prefix, nil)
		if a := s.call(t, "compute", get, "/os-keypairs/"+s.prefix, nil).is(t, 200); a.string("keypair", "public_key") == "" {
			t.Errorf("key pair: %s", clip(a.text))
		}
		s.call(t, "compute", http.MethodPost, "/os-keypairs", key).says(t, 409, "conflictingRequest", "already exists")
		s.call(t, "compute", http.MethodDelete, "/os-keypairs/"+s.prefix, nil).is(t, 204)
		s.call(t, "compute", http.MethodDelete, "/os-keypairs/"+s.prefix, nil).is(t, 404)
	}},
}
