package openstack

import (
	"net/http"
	"strings"
	"testing"
)

func TestCapacity(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{
		"GET /compute/v2.1/limits": says(200, `{"limits": {"absolute": {"maxTotalInstances": 10, "totalInstancesUsed": 3,
			"maxServerGroups": 5, "totalServerGroupsUsed": 1, "maxServerGroupMembers": 7}}}`),
		"GET /network/v2.0/quotas/p1/details.json": says(200, `{"quota": {"port": {"limit": 50, "used": 4, "reserved": 1}}}`),
		"GET /network/v2.0/subnets": says(200, `{"subnets": [{"network_id": "n1", "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.254"}, {"start": "10.0.1.1", "end": "10.0.1.1"}]},
			{"network_id": "n1", "allocation_pools": [{"start": "10.0.2.0", "end": "10.0.2.9"}]}, {"network_id": "other", "allocation_pools": []}]}`),
		// The gateway's port and what an operator has set aside lie outside the pools.
		"GET /network/v2.0/ports": says(200, `{"ports": [{"fixed_ips": [{"ip_address": "10.0.0.2"}, {"ip_address": "fd00::2"}]}, {"fixed_ips": []},
			{"fixed_ips": [{"ip_address": "10.0.0.1"}]}, {"fixed_ips": [{"ip_address": "10.0.1.2"}, {"ip_address": "10.0.2.9"}]}]}`),
	})
	c := a.client()
	l, err := c.Limits(background)
	if err != nil || l.Instances != (Quota{10, 3}) || l.ServerGroups != (Quota{5, 1}) || l.GroupMembers != 7 {
		t.Errorf("limits %v, %v", l, err)
	}
	if q, err := c.PortQuota(background); err != nil || q != (Quota{50, 5}) {
		t.Errorf("port quota %v, %v", q, err)
	}
	all, err := c.Addresses(background, []string{"n1", "n2"})
	if err != nil || len(all) != 1 || all["n1"].All != 264 || all["n1"].Taken != 0 {
		t.Errorf("addresses %v, %v", all, err)
	}
	if line := a.since(3)[0].line; !strings.Contains(line, "network_id=n1&network_id=n2") {
		t.Errorf("subnets are asked for by %s", line)
	}
	if n, err := c.FreeAddresses(background, "n1", all["n1"]); err != nil || n != 262 {
		t.Errorf("free %d, %v", n, err)
	}
	if n := len(a.since(4)); n != 1 {
		t.Errorf("%d requests, want one: the pools are known", n)
	}
	if c.HasVolumes() {
		t.Error("the catalog lists no block storage")
	}
}

// Administrators get from Neutron how many addresses are taken, including those outside
// the pools. Where that matters, the client reads the pools.
func TestAddressesForAdministrators(t *testing.T) {
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   Addresses
	}{
		"told": {says(200, `{"network_ip_availabilities": [{"network_id": "n1", "subnet_ip_availability": [
			{"ip_version": 4, "total_ips": 253, "used_ips": 9}, {"ip_version": 6, "total_ips": 18446744073709551614, "used_ips": 1}]}]}`), Addresses{All: 253, Taken: 9}},
		"no such extension": {says(404, ""), Addresses{All: 253}},
		"an empty list":     {says(200, `{"network_ip_availabilities": []}`), Addresses{All: 253}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{
				"GET /network/v2.0/network-ip-availabilities": row.answer,
				"GET /network/v2.0/subnets":                   says(200, `{"subnets": [{"network_id": "n1", "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.254"}]}]}`),
				"GET /network/v2.0/ports":                     says(200, `{"ports": [{"fixed_ips": [{"ip_address": "10.0.0.1"}, {"ip_address": "10.0.0.2"}]}]}`),
			})
			c := a.client()
			c.admin = true
			all, err := c.Addresses(background, []string{"n1"})
			if got := all["n1"]; err != nil || got.All != row.want.All || got.Taken != row.want.Taken {
				t.Errorf("addresses %v, %v; want %v", all, err, row.want)
			}
			if n, err := c.FreeAddresses(background, "n1", all["n1"]); err != nil || n != 252 {
				t.Errorf("free %d, %v; want 252", n, err)
			}
		})
	}
}

func TestVolumeLimits(t *testing.T) {
	for _, kind := range []string{"block-storage", "volumev3"} {
		var a *api
		a = newAPI(t, map[string]http.HandlerFunc{
			"POST /v3/auth/tokens": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Subject-Token", "t1")
				at := func(path string) string {
					return `"endpoints": [{"interface": "public", "region": "North", "url": "` + a.URL + path + `"}]`
				}
				says(201, `{"token": {"expires_at": "2100-01-01T00:00:00.000000Z", "project": {"id": "p1"}, "roles": [{"name": "admin"}], "catalog": [
					{"type": "compute", `+at("/compute")+`}, {"type": "network", `+at("/network")+`}, {"type": "`+kind+`", `+at("/volume/v3/p1")+`}]}}`)(w, nil)
			},
			"GET /volume/v3/p1/limits": says(200, `{"limits": {"absolute": {"maxTotalVolumes": 10, "totalVolumesUsed": 1, "maxTotalVolumeGigabytes": 1000, "totalGigabytesUsed": 40}}}`),
		})
		c := a.client()
		volumes, gigabytes, err := c.VolumeLimits(background)
		if err != nil || volumes != (Quota{10, 1}) || gigabytes != (Quota{1000, 40}) || !c.HasVolumes() || !c.admin {
			t.Errorf("%s: %v, %v, %v", kind, volumes, gigabytes, err)
		}
	}
}
