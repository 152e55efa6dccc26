package openstacktest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestBuildShowsTheAddressBeforeACTIVE(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{BuildDelay: 30 * time.Second, AddressDelay: 10 * time.Second})
		id := u.create("a", nil)
		for _, row := range []struct {
			after   time.Duration
			status  string
			address bool
		}{
			{9 * time.Second, "BUILD", false},
			{10 * time.Second, "BUILD", true},
			{29 * time.Second, "BUILD", true},
			{30 * time.Second, "ACTIVE", true},
		} {
			s, _ := u.cloud.Server("a")
			time.Sleep(row.after - time.Since(s.Created))
			r := u.show(id)
			if got := strings.Contains(r.get("server", "addresses"), "10.76."); r.get("server", "status") != row.status || got != row.address {
				t.Errorf("after %s: %s, address shown: %v", row.after, r.get("server", "status"), got)
			}
		}
	})
}

func TestDeleteIsAsynchronous(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{DeleteDelay: 20 * time.Second, DeletedShown: 5 * time.Second})
		id := u.create("a", nil)
		u.call("DELETE", "/compute/v2.1/servers/"+id, nil).is(t, 204, "")
		time.Sleep(19 * time.Second)
		r := u.show(id)
		if r.get("server", "status") != "ACTIVE" || r.get("server", "OS-EXT-STS:task_state") != "deleting" || u.cloud.PortCount() != 1 {
			t.Errorf("while it is being deleted: %s", r.text)
		}
		time.Sleep(time.Second)
		u.show(id).is(t, 404, "could not be found")
		if n := u.cloud.PortCount(); n != 0 {
			t.Errorf("%d ports are left", n)
		}
		u.call("GET", "/compute/v2.1/servers/detail", nil).is(t, 200, `"status":"DELETED"`)
		time.Sleep(5 * time.Second)
		u.call("GET", "/compute/v2.1/servers/detail", nil).is(t, 200, `{"servers":[]}`)
	})
}

func TestServersThatFail(t *testing.T) {
	u := inMemory(t, Options{})
	u.cloud.FailServers(ServerFault{Name: "^b", Times: 1})
	for _, row := range []struct {
		name     string
		metadata map[string]any
		message  string
	}{
		{"a", map[string]any{}, ""},
		{"b-1", map[string]any{}, "No valid host was found. There are not enough hosts available."},
		{"b-2", map[string]any{}, ""},
		{"c", map[string]any{"vmlab_fail": "spawn"}, "vmlab_fail=spawn"},
	} {
		r := u.show(u.create(row.name, map[string]any{"metadata": row.metadata}))
		if got := r.get("server", "fault", "message"); !strings.Contains(got, row.message) || (got != "") != (row.message != "") {
			t.Errorf("%s: %s, fault %q", row.name, r.get("server", "status"), got)
		}
	}
}

func TestFailingDeleteNeedsASecondOne(t *testing.T) {
	u := inMemory(t, Options{})
	id := u.create("a", map[string]any{"metadata": map[string]any{"vmlab_fail": "delete"}})
	u.call("DELETE", "/compute/v2.1/servers/"+id, nil).is(t, 204, "")
	u.show(id).is(t, 200, `"status":"ERROR"`)
	u.call("DELETE", "/compute/v2.1/servers/"+id, nil).is(t, 204, "")
	u.show(id).is(t, 404, "")
}

func TestQuota(t *testing.T) {
	const refused = "forbidden"
	for _, row := range []struct {
		name   string
		quota  Quota
		flavor string
		words  string
	}{ // the words were taken from a real Nova
		{"instances", Quota{Instances: 1}, "1", "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances"},
		{"cores", Quota{Cores: 2}, "6", "Quota exceeded for cores: Requested 4, but already used 1 of 2 cores"},
		{"ram", Quota{RAM: 200}, "2", "Quota exceeded for ram: Requested 256, but already used 64 of 200 ram"},
		{"two", Quota{Instances: 1, Cores: 2}, "6", "Quota exceeded for cores, instances: Requested 4, 1, but already used 1, 1 of 2, 1 cores, instances"},
		{"ports", Quota{Ports: 1}, "1", "Maximum number of ports exceeded"},
		{"enough", Quota{Instances: 2, Cores: 2, RAM: 128, Ports: 2}, "1", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := inMemory(t, Options{Quota: row.quota})
			u.create("first", nil)
			r := u.post("second", map[string]any{"flavorRef": row.flavor})
			if row.words == "" {
				r.is(t, 202, "")
				return
			}
			r.is(t, 403, row.words)
			r.is(t, 403, refused)
		})
	}
}

func TestLateQuotaEndsInERROR(t *testing.T) {
	u := inMemory(t, Options{LateQuota: true, Quota: Quota{Instances: 1}})
	u.create("a", nil)
	u.show(u.create("b", nil)).is(t, 200, "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances")
	if s, _ := u.cloud.Server("a"); s.Status != "ACTIVE" {
		t.Errorf("the first is %s", s.Status)
	}
}

func TestNoAddressLeft(t *testing.T) {
	u := inMemory(t, Options{Networks: []Network{{ID: "a2256c23-0000-4000-8000-000000000009", Name: "small", CIDR: "10.9.0.0/29"}}})
	for i := range 5 {
		u.show(u.create(fmt.Sprint("a", i), nil)).is(t, 200, `"status":"ACTIVE"`)
	}
	u.show(u.create("b", nil)).is(t, 200, "No fixed IP addresses available for network: a2256c23-0000-4000-8000-000000000009, not rescheduling.")
	first, _ := u.cloud.Server("a0")
	u.cloud.RemoveServer(first.ID)
	u.show(u.create("c", nil)).is(t, 200, first.Address)
}

func TestPagesOfMaxLimit(t *testing.T) {
	u := inMemory(t, Options{MaxLimit: 3})
	for i := range 7 {
		u.create(fmt.Sprint("a", i), map[string]any{"networks": "none"})
	}
	path, sizes := "/compute/v2.1/servers/detail?limit=1000", []int{}
	for path != "" {
		r := u.call("GET", path, nil)
		servers, _ := r.json["servers"].([]any)
		sizes = append(sizes, len(servers))
		path = ""
		if links, _ := r.json["servers_links"].([]any); len(links) == 1 {
			path = strings.TrimPrefix(links[0].(map[string]any)["href"].(string), u.cloud.URL())
		}
	}
	if fmt.Sprint(sizes) != "[3 3 1]" {
		t.Errorf("pages of %v", sizes)
	}
}

func TestFloatingAddressIsShown(t *testing.T) {
	for _, hide := range []bool{false, true} {
		u := inMemory(t, Options{HideFloating: hide})
		id := u.create("a", nil)
		port := u.call("GET", "/network/v2.0/ports?device_id="+id, nil).json["ports"].([]any)[0].(map[string]any)["id"]
		r := u.call("POST", "/network/v2.0/floatingips", map[string]any{"floatingip": map[string]any{
			"floating_network_id": DefaultNetworks()[1].ID, "port_id": port,
		}})
		shown := strings.Contains(u.show(id).get("server", "addresses"), r.get("floatingip", "floating_ip_address"))
		if shown == hide {
			t.Errorf("hidden: %v, shown: %v", hide, shown)
		}
		if s, _ := u.cloud.Server("a"); s.Floating != r.get("floatingip", "floating_ip_address") {
			t.Errorf("inspected: %q", s.Floating)
		}
	}
}

func TestStatesThatTakeMetadata(t *testing.T) {
	u := inMemory(t, Options{})
	id := u.create("a", nil)
	for status, state := range map[string]string{ // "" is allowed; ERROR and RESCUE were seen on a real Nova
		"ACTIVE": "", "PAUSED": "", "SUSPENDED": "", "SHUTOFF": "", "REBOOT": "",
		"ERROR": "error", "RESCUE": "rescued", "VERIFY_RESIZE": "resized", "SHELVED": "shelved", "SHELVED_OFFLOADED": "shelved_offloaded",
	} {
		u.cloud.SetStatus(id, status, "")
		r := u.call("PUT", "/compute/v2.1/servers/"+id+"/metadata", map[string]any{"metadata": map[string]any{"k": status}})
		if state == "" {
			r.is(t, 200, status)
			continue
		}
		r.is(t, 409, "Cannot 'update metadata' instance "+id+" while it is in vm_state "+state)
	}
}

func TestChangesBehindTheClientsBack(t *testing.T) {
	u := inMemory(t, Options{})
	id := u.create("a", nil)
	u.cloud.SetStatus(id, "SHUTOFF", "")
	u.show(id).is(t, 200, `"status":"SHUTOFF"`)
	u.cloud.SetStatus(id, "ERROR", "the host died")
	u.show(id).is(t, 200, "the host died")
	u.cloud.RemoveServer(id)
	u.show(id).is(t, 404, "")
	if n := u.cloud.Created(); n != 1 {
		t.Errorf("%d servers were made", n)
	}
}
