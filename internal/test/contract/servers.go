package contract

import (
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"
)

var serverCases = []testCase{
	{"server/ACTIVE shows what the project reads", func(t *testing.T, s *suite) {
		a := s.show(t, s.base).is(t, 200)
		for key, want := range map[string]any{
			"id": s.base, "name": s.prefix + "-base", "status": "ACTIVE", "OS-EXT-STS:task_state": nil, "OS-EXT-STS:vm_state": "active",
		} {
			if got := a.at("server", key); got != want {
				t.Errorf("%s is %v, want %v", key, got, want)
			}
		}
		if got := a.string("server", "image", "id"); got != s.imageID {
			t.Errorf("image %q, want %q", got, s.imageID)
		}
		if _, err := time.Parse(time.RFC3339, a.string("server", "created")); err != nil {
			t.Errorf("created: %v", err)
		}
		if a.at("server", "fault") != nil {
			t.Error("a fault on a server that is well")
		}
	}},
	{"server/addresses under the network's name", func(t *testing.T, s *suite) {
		a := s.show(t, s.base).is(t, 200)
		address := a.at("server", "addresses", s.Network, 0)
		if at(address, "OS-EXT-IPS:type") != "fixed" || at(address, "addr") == nil || !isNumber(at(address, "version")) || at(address, "OS-EXT-IPS-MAC:mac_addr") == nil {
			t.Errorf("addresses: %v", a.at("server", "addresses"))
		}
	}},
	{"server/flavor embedded without its ID from 2.47 on", func(t *testing.T, s *suite) {
		flavor := s.show(t, s.base).at("server", "flavor")
		if at(flavor, "original_name") != s.Flavor || at(flavor, "id") != nil || !isNumber(at(flavor, "vcpus")) || !isNumber(at(flavor, "ram")) {
			t.Errorf("flavor at 2.52: %v", flavor)
		}
		old := s.call(t, "compute", get, "/servers/"+s.base, nil, "2.46").is(t, 200).at("server", "flavor")
		if at(old, "id") != s.flavorID || at(old, "original_name") != nil {
			t.Errorf("flavor at 2.46: %v", old)
		}
	}},
	{"server/microversions gate fields", func(t *testing.T, s *suite) {
		for _, row := range []struct{ field, before, from string }{
			{"locked", "2.8", "2.9"}, {"description", "2.18", "2.19"}, {"tags", "2.25", "2.26"}, {"OS-EXT-SRV-ATTR:hostname", "2.89", "2.90"},
		} {
			for mv, want := range map[string]bool{row.before: false, row.from: true} {
				server, _ := s.call(t, "compute", get, "/servers/"+s.base, nil, mv).is(t, 200).at("server").(object)
				if _, has := server[row.field]; has != want {
					t.Errorf("%s: %s is there: %v", mv, row.field, has)
				}
			}
		}
	}},
	{"server/unknown is 404 for every call", func(t *testing.T, s *suite) {
		console := object{"os-getConsoleOutput": object{"length": 5}}
		for _, row := range []struct {
			method, path string
			body         any
		}{
			{get, "", nil}, {http.MethodDelete, "", nil}, {get, "/metadata", nil}, {http.MethodPut, "/metadata", object{"metadata": object{}}},
			{get, "/os-server-password", nil}, {http.MethodDelete, "/os-server-password", nil}, {http.MethodPost, "/action", console}, {get, "/os-interface", nil},
		} {
			s.call(t, "compute", row.method, "/servers/"+noSuchID+row.path, row.body).
				says(t, 404, "itemNotFound", "Instance "+noSuchID+" could not be found.")
		}
	}},
	{"server/console output", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", http.MethodPost, "/servers/"+s.base+"/action", object{"os-getConsoleOutput": object{"length": 5}}).is(t, 200)
		if _, ok := a.at("output").(string); !ok {
			t.Errorf("console: %s", clip(a.text))
		}
	}},
	{"server/locked: no metadata is written and it is not deleted", func(t *testing.T, s *suite) {
		defer s.restore(t)
		action := func(name string) {
			s.call(t, "compute", http.MethodPost, "/servers/"+s.base+"/action", object{name: nil}).is(t, 202)
		}
		words := "Instance " + s.base + " is locked"
		action("lock")
		defer action("unlock")
		if s.show(t, s.base).at("server", "locked") != true {
			t.Error("it is not shown as locked")
		}
		for _, method := range []string{http.MethodPut, http.MethodPost} {
			s.metadata(t, method, "", set(object{"a": "1"})).says(t, 409, "conflictingRequest", words)
			s.metadata(t, method, "", set(object{"a/b": "1"})).says(t, 400, "badRequest", "'a/b' does not match")
		}
		s.metadata(t, http.MethodPut, "/a", object{"meta": object{"a": "1"}}).says(t, 409, "conflictingRequest", words)
		s.metadata(t, http.MethodDelete, "/first", nil).says(t, 409, "conflictingRequest", words)
		s.metadata(t, http.MethodDelete, "/a", nil).says(t, 404, "itemNotFound", "Metadata item was not found")
		s.call(t, "compute", http.MethodDelete, "/servers/"+s.base, nil).says(t, 409, "conflictingRequest", words)
		s.call(t, "compute", http.MethodDelete, "/servers/"+s.base+"/os-server-password", nil).is(t, 204)
		s.tags(t, http.MethodPut, "/w", nil).is(t, 201)
		s.tags(t, http.MethodDelete, "/w", nil).is(t, 204)
		action("lock")
		action("unlock")
		s.metadata(t, http.MethodPost, "", set(object{"a": "1"})).is(t, 200)
		action("unlock")
	}},
	{"server/unknown action is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers/"+s.base+"/action", object{"nonsense": object{}}).
			says(t, 400, "badRequest", "There is no such action: nonsense")
	}},
	{"server/its port by device and by interface", func(t *testing.T, s *suite) {
		p := s.call(t, "network", get, "/ports?device_id="+s.base, nil).is(t, 200)
		i := s.call(t, "compute", get, "/servers/"+s.base+"/os-interface", nil).is(t, 200)
		if len(p.list("ports")) != 1 || p.string("ports", 0, "id") != i.string("interfaceAttachments", 0, "port_id") {
			t.Errorf("ports %s, interfaces %s", clip(p.text), clip(i.text))
		}
		fixed := s.show(t, s.base).string("server", "addresses", s.Network, 0, "addr")
		if p.string("ports", 0, "fixed_ips", 0, "ip_address") != fixed {
			t.Errorf("the port has not the address %s: %s", fixed, clip(p.text))
		}
		if !slices.Contains(p.list("ports", 0, "security_groups"), any(s.securityGroupID)) {
			t.Errorf("the port has not the security group: %s", clip(p.text))
		}
	}},
	{"server/deleted: 204, its task shows it, 204 again, then 404 and no port", func(t *testing.T, s *suite) {
		id := s.create(t, object{"name": s.prefix + "-gone"})
		s.waitStatus(t, id, "ACTIVE")
		s.remove(t, id)
		if a := s.call(t, "compute", get, "/servers/"+id, nil); a.status != 404 && (a.string("server", "status") != "ACTIVE" || a.string("server", "OS-EXT-STS:task_state") != "deleting") {
			t.Errorf("on its way out it is %s, task %s", a.string("server", "status"), a.string("server", "OS-EXT-STS:task_state"))
		}
		if a := s.call(t, "compute", http.MethodDelete, "/servers/"+id, nil); a.status != 204 && a.status != 404 {
			t.Errorf("second delete: HTTP %d %s", a.status, clip(a.text))
		}
		s.waitStatus(t, id, "").says(t, 404, "itemNotFound", "Instance "+id+" could not be found.")
		s.call(t, "compute", http.MethodDelete, "/servers/"+id, nil).is(t, 404)
		if n := len(s.call(t, "network", get, "/ports?device_id="+id, nil).is(t, 200).list("ports")); n != 0 {
			t.Errorf("%d ports are left", n)
		}
		if n := len(s.call(t, "compute", get, "/servers?name="+s.prefix+"-gone", nil).is(t, 200).list("servers")); n != 0 {
			t.Errorf("%d servers are still listed", n)
		}
	}},
	{"server/several at once are numbered from 1", func(t *testing.T, s *suite) {
		s.create(t, object{"name": s.prefix + "-multi", "min_count": 2, "max_count": 2, "networks": "none"})
		var names []string
		for _, x := range s.call(t, "compute", get, "/servers?name="+s.prefix+"-multi", nil).is(t, 200).list("servers") {
			names = append(names, at(x, "name").(string))
			s.remove(t, at(x, "id").(string))
		}
		slices.Sort(names)
		if want := []string{s.prefix + "-multi-1", s.prefix + "-multi-2"}; !slices.Equal(names, want) {
			t.Errorf("names %v, want %v", names, want)
		}
	}},
}

// waitInCell waits until a server being built is in a cell. Before that Nova has
// nothing but the request, and answers some questions about the server with 404 or
// 500.
func (s *suite) waitInCell(t *testing.T, id string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		a := s.show(t, id).is(t, 200)
		if state := a.string("server", "OS-EXT-STS:task_state"); a.string("server", "status") != "BUILD" || state != "scheduling" && state != "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("server %s is being scheduled after %s", id, patience)
		}
	}
}

// unwritable checks that a server of that state takes neither metadata nor tags.
func (s *suite) unwritable(t *testing.T, id, state string) {
	t.Helper()
	for _, row := range []struct {
		method, path, what string
		body               any
	}{
		{http.MethodPut, "/metadata", "update metadata", set(object{})},
		{http.MethodPost, "/metadata", "update metadata", set(object{"k": "v"})},
		{http.MethodPut, "/metadata/k", "update metadata", object{"meta": object{"k": "v"}}},
		{http.MethodPut, "/tags/w", "update tag", nil},
		{http.MethodPut, "/tags", "update tags", object{"tags": []string{"w"}}},
		{http.MethodDelete, "/tags/w", "delete tag", nil},
		{http.MethodDelete, "/tags", "delete tags", nil},
	} {
		s.call(t, "compute", row.method, "/servers/"+id+row.path, row.body).
			says(t, 409, "conflictingRequest", "Cannot '"+row.what+"' instance "+id+" while it is in vm_state "+state)
	}
}

var faultCases = []testCase{
	{"fault/ERROR has its reason, in show and in the list", func(t *testing.T, s *suite) {
		id := s.create(t, object{"name": s.prefix + "-fail", "metadata": object{"vmlab_fail": "spawn"}, "tags": []string{s.prefix + ":fail"}})
		show := s.waitStatus(t, id, "ERROR")
		list := s.call(t, "compute", get, "/servers/detail?tags="+s.prefix+":fail", nil).is(t, 200)
		for what, v := range map[string]any{"show": show.at("server"), "list": list.at("servers", 0)} {
			message, _ := at(v, "fault", "message").(string)
			if at(v, "status") != "ERROR" || at(v, "fault", "code") != 500.0 || at(v, "OS-EXT-STS:vm_state") != "error" ||
				!regexp.MustCompile("vmlab_fail=spawn").MatchString(message) {
				t.Errorf("%s: status %v, fault %v", what, at(v, "status"), at(v, "fault"))
			}
		}
		s.unwritable(t, id, "error")
		s.remove(t, id)
		s.waitStatus(t, id, "")
	}},
	{"fault/a slow build is BUILD and is listed", func(t *testing.T, s *suite) {
		id := s.create(t, object{"name": s.prefix + "-slow", "metadata": object{"vmlab_delay": "4"}, "networks": "none"})
		a := s.show(t, id).is(t, 200)
		if a.string("server", "status") != "BUILD" || a.string("server", "OS-EXT-STS:vm_state") != "building" || a.at("server", "OS-SRV-USG:launched_at") != nil {
			t.Errorf("status %q", a.string("server", "status"))
		}
		s.waitInCell(t, id)
		s.unwritable(t, id, "building")
		s.call(t, "compute", http.MethodDelete, "/servers/"+id+"/metadata/vmlab_delay", nil).
			says(t, 409, "conflictingRequest", "Cannot 'delete metadata' instance "+id+" while it is in vm_state building")
		s.call(t, "compute", http.MethodDelete, "/servers/"+id+"/os-server-password", nil).is(t, 204)
		if n := len(s.call(t, "compute", get, "/servers?status=BUILD&name="+s.prefix+"-slow", nil).is(t, 200).list("servers")); n != 1 {
			t.Errorf("%d servers listed as BUILD", n)
		}
		s.waitStatus(t, id, "ACTIVE")
		s.remove(t, id)
	}},
	{"fault/console of a server that never ran", func(t *testing.T, s *suite) {
		id := s.create(t, object{"name": s.prefix + "-mute", "metadata": object{"vmlab_fail": "spawn"}, "networks": "none"})
		s.waitStatus(t, id, "ERROR")
		s.call(t, "compute", http.MethodPost, "/servers/"+id+"/action", object{"os-getConsoleOutput": object{}}).
			says(t, 409, "conflictingRequest", "is not ready")
		s.remove(t, id)
	}},
}
