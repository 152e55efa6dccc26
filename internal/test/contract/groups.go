package contract

import (
	"net/http"
	"slices"
	"testing"
)

func (s *suite) serverGroups(t *testing.T, method, path string, body any, microversion string) answer {
	t.Helper()
	return s.call(t, "compute", method, "/os-server-groups"+path, body, microversion)
}

func (s *suite) makeServerGroup(t *testing.T, policy string) string {
	t.Helper()
	id := s.serverGroups(t, http.MethodPost, "", object{"server_group": object{"name": s.prefix, "policy": policy}}, "2.64").is(t, 200).string("server_group", "id")
	t.Cleanup(func() { s.serverGroups(t, http.MethodDelete, "/"+id, nil, "2.64") })
	return id
}

// inGroup asks for a server in a server group; it needs no network.
func (s *suite) inGroup(t *testing.T, group string) answer {
	t.Helper()
	wish := s.wish(object{"networks": "none", "security_groups": nil})
	wish["os:scheduler_hints"] = object{"group": group}
	return s.call(t, "compute", http.MethodPost, "/servers", wish)
}

func (s *suite) groupMembers(t *testing.T, group string) []any {
	t.Helper()
	return s.serverGroups(t, http.MethodGet, "/"+group, nil, "2.64").is(t, 200).list("server_group", "members")
}

var groupCases = []testCase{
	{"availability zones/names and whether they are open", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/os-availability-zone", nil).is(t, 200)
		zones := a.list("availabilityZoneInfo")
		open := slices.ContainsFunc(zones, func(z any) bool { return at(z, "zoneState", "available") == true })
		if len(zones) == 0 || a.string("availabilityZoneInfo", 0, "zoneName") == "" || !open {
			t.Errorf("zones: %s", clip(a.text))
		}
		if zone := s.show(t, s.base).is(t, 200).string("server", "OS-EXT-AZ:availability_zone"); !slices.ContainsFunc(zones, func(z any) bool { return at(z, "zoneName") == zone }) {
			t.Errorf("the base server is in zone %q", zone)
		}
	}},
	{"server group/made, shown, listed, deleted", func(t *testing.T, s *suite) {
		id := s.makeServerGroup(t, "soft-anti-affinity")
		a := s.serverGroups(t, get, "/"+id, nil, "2.64").is(t, 200)
		if a.string("server_group", "name") != s.prefix || a.string("server_group", "policy") != "soft-anti-affinity" || a.at("server_group", "metadata") != nil || len(a.list("server_group", "members")) != 0 {
			t.Errorf("server group: %s", clip(a.text))
		}
		if a := s.serverGroups(t, get, "/"+id, nil, "2.52").is(t, 200); a.string("server_group", "policies", 0) != "soft-anti-affinity" {
			t.Errorf("before 2.64: %s", clip(a.text))
		}
		found := s.serverGroups(t, get, "", nil, "2.64").is(t, 200).list("server_groups")
		if !slices.ContainsFunc(found, func(g any) bool { return at(g, "id") == id && at(g, "policy") == "soft-anti-affinity" }) {
			t.Errorf("the list lacks %s", id)
		}
		s.serverGroups(t, http.MethodDelete, "/"+id, nil, "2.64").is(t, 204)
		s.serverGroups(t, http.MethodDelete, "/"+id, nil, "2.64").says(t, 404, "itemNotFound", "Instance group "+id+" could not be found.")
	}},
	{"server group/a name may be taken twice", func(t *testing.T, s *suite) {
		first, second := s.makeServerGroup(t, "affinity"), s.makeServerGroup(t, "affinity")
		if first == second {
			t.Errorf("both are server group %s", first)
		}
	}},
	{"server group/no such policy is 400", func(t *testing.T, s *suite) {
		s.serverGroups(t, http.MethodPost, "", object{"server_group": object{"name": s.prefix, "policy": "nonsense"}}, "2.64").
			says(t, 400, "badRequest", "Invalid input for field/attribute policy. Value: nonsense. 'nonsense' is not one of ['anti-affinity', ")
		s.serverGroups(t, http.MethodPost, "", object{"server_group": object{"name": s.prefix}}, "2.64").says(t, 400, "badRequest", "'policy' is a required property")
	}},
	{"server group/a hint at none that is there is 400", func(t *testing.T, s *suite) {
		s.inGroup(t, noSuchID).says(t, 400, "badRequest", "Instance group "+noSuchID+" could not be found.")
	}},
	{"server group/members come and go; it can be deleted with them", func(t *testing.T, s *suite) {
		group := s.makeServerGroup(t, "affinity")
		first := s.inGroup(t, group).is(t, 202).string("server", "id")
		s.waitStatus(t, first, "ACTIVE")
		if m := s.groupMembers(t, group); len(m) != 1 || m[0] != first {
			t.Errorf("members: %v", m)
		}
		s.remove(t, first)
		s.waitStatus(t, first, "")
		if m := s.groupMembers(t, group); len(m) != 0 {
			t.Errorf("members after the delete: %v", m)
		}
		second := s.inGroup(t, group).is(t, 202).string("server", "id")
		s.serverGroups(t, http.MethodDelete, "/"+group, nil, "2.64").is(t, 204)
		s.waitStatus(t, second, "ACTIVE")
		s.remove(t, second)
	}},
	{"limits/server groups", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/limits", nil).is(t, 200)
		for _, key := range []string{"maxServerGroups", "totalServerGroupsUsed", "maxServerGroupMembers"} {
			if !isNumber(a.at("limits", "absolute", key)) {
				t.Errorf("limits: %s is %v", key, a.at("limits", "absolute", key))
			}
		}
	}},
	{"network quota/what is used of it", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/quotas/"+s.client.project+"/details.json", nil).is(t, 200)
		if !isNumber(a.at("quota", "port", "limit")) || !isNumber(a.at("quota", "port", "used")) {
			t.Errorf("quota: %s", clip(a.text))
		}
	}},
	{"network/pools of several networks' subnets", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/subnets?network_id="+s.networkID+"&network_id="+noSuchID+"&ip_version=4&fields=network_id&fields=allocation_pools", nil).is(t, 200)
		if len(a.list("subnets")) == 0 || a.string("subnets", 0, "network_id") != s.networkID || a.string("subnets", 0, "allocation_pools", 0, "end") == "" || a.at("subnets", 0, "cidr") != nil {
			t.Errorf("subnets: %s", clip(a.text))
		}
	}},
	{"network/addresses taken are told to administrators", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/network-ip-availabilities?network_id="+s.networkID, nil)
		if a.status != 404 && (a.status != 200 || a.at("network_ip_availabilities") == nil) { // 404 where the extension is not loaded
			t.Errorf("%d %s", a.status, clip(a.text))
		}
	}},
}

var groupFaultCases = []testCase{
	{"server group/anti-affinity: the fourth of three hypervisors finds no host", func(t *testing.T, s *suite) {
		group := s.makeServerGroup(t, "anti-affinity")
		var ids []string
		for range 3 {
			id := s.inGroup(t, group).is(t, 202).string("server", "id")
			s.waitStatus(t, id, "ACTIVE")
			ids = append(ids, id)
		}
		last := s.inGroup(t, group).is(t, 202).string("server", "id")
		a := s.waitStatus(t, last, "ERROR")
		if words := a.string("server", "fault", "message"); words != "No valid host was found. There are not enough hosts available." {
			t.Errorf("fault: %q", words)
		}
		if a.string("server", "hostId") != "" {
			t.Errorf("it has host %q", a.string("server", "hostId"))
		}
		for _, id := range append(ids, last) {
			s.remove(t, id)
		}
	}},
}
