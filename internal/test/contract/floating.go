package contract

import (
	"net/http"
	"net/url"
	"testing"
)

func (s *suite) floating(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return s.call(t, "network", method, "/floatingips"+path, body)
}

func (s *suite) basePort(t *testing.T) string {
	t.Helper()
	return s.call(t, "network", get, "/ports?device_id="+s.base+"&fields=id", nil).is(t, 200).string("ports", 0, "id")
}

var floatingCases = []testCase{
	{"floating IP/external network by router:external", func(t *testing.T, s *suite) {
		a := s.call(t, "network", get, "/networks?router:external=true&name="+url.QueryEscape(s.ExternalNetwork), nil).is(t, 200)
		if len(a.list("networks")) != 1 || a.at("networks", 0, "router:external") != true {
			t.Errorf("networks: %s", clip(a.text))
		}
		if n := len(s.call(t, "network", get, "/networks?router:external=true&name="+url.QueryEscape(s.Network), nil).is(t, 200).list("networks")); n != 0 {
			t.Errorf("%s is external", s.Network)
		}
	}},
	{"floating IP/created with port and description, found by both, deleted", func(t *testing.T, s *suite) {
		port, description := s.basePort(t), s.prefix+":1"
		a := s.floating(t, http.MethodPost, "", object{"floatingip": object{
			"floating_network_id": s.externalID, "port_id": port, "description": description,
		}}).is(t, 201)
		id := a.string("floatingip", "id")
		fixed := s.show(t, s.base).string("server", "addresses", s.Network, 0, "addr")
		if a.string("floatingip", "port_id") != port || a.string("floatingip", "fixed_ip_address") != fixed ||
			a.string("floatingip", "description") != description || a.string("floatingip", "floating_ip_address") == "" ||
			a.string("floatingip", "port_details", "device_id") != s.base {
			t.Errorf("floating IP: %s", clip(a.text))
		}
		for _, query := range []string{"description=" + url.QueryEscape(description), "port_id=" + port} {
			if a := s.floating(t, get, "?"+query, nil).is(t, 200); len(a.list("floatingips")) != 1 || a.string("floatingips", 0, "id") != id {
				t.Errorf("%s: %s", query, clip(a.text))
			}
		}
		if n := len(s.floating(t, get, "?description="+s.prefix+":none", nil).is(t, 200).list("floatingips")); n != 0 {
			t.Errorf("%d of a description that none has", n)
		}
		s.floating(t, http.MethodDelete, "/"+id, nil).is(t, 204)
		s.floating(t, http.MethodDelete, "/"+id, nil).says(t, 404, "NeutronError:FloatingIPNotFound", "Floating IP "+id+" could not be found")
		s.floating(t, get, "/"+id, nil).says(t, 404, "NeutronError:FloatingIPNotFound", "could not be found")
	}},
	{"floating IP/associated and dissociated later; one for each address", func(t *testing.T, s *suite) {
		port := s.basePort(t)
		var ids []string
		for range 2 {
			a := s.floating(t, http.MethodPost, "", object{"floatingip": object{"floating_network_id": s.externalID, "description": s.prefix + ":2"}}).is(t, 201)
			if a.at("floatingip", "port_id") != nil || a.at("floatingip", "port_details") != nil || a.at("floatingip", "fixed_ip_address") != nil {
				t.Errorf("unassociated: %s", clip(a.text))
			}
			ids = append(ids, a.string("floatingip", "id"))
		}
		if a := s.floating(t, http.MethodPut, "/"+ids[0], object{"floatingip": object{"port_id": port}}).is(t, 200); a.string("floatingip", "port_id") != port {
			t.Errorf("associated: %s", clip(a.text))
		}
		s.floating(t, http.MethodPut, "/"+ids[1], object{"floatingip": object{"port_id": port}}).
			says(t, 409, "NeutronError:FloatingIPPortAlreadyAssociated", "as that fixed IP already has a floating IP on external network")
		if a := s.floating(t, http.MethodPut, "/"+ids[0], object{"floatingip": object{"port_id": nil}}).is(t, 200); a.at("floatingip", "port_id") != nil {
			t.Errorf("dissociated: %s", clip(a.text))
		}
		for _, id := range ids {
			s.floating(t, http.MethodDelete, "/"+id, nil).is(t, 204)
		}
	}},
	{"floating IP/outlives its server, unassociated", func(t *testing.T, s *suite) {
		server := s.create(t, object{"name": s.prefix + "-floating"})
		s.waitStatus(t, server, "ACTIVE")
		port := s.call(t, "network", get, "/ports?device_id="+server, nil).is(t, 200).string("ports", 0, "id")
		id := s.floating(t, http.MethodPost, "", object{"floatingip": object{
			"floating_network_id": s.externalID, "port_id": port, "description": s.prefix + ":3",
		}}).is(t, 201).string("floatingip", "id")
		s.remove(t, server)
		s.waitStatus(t, server, "")
		if a := s.floating(t, get, "/"+id, nil).is(t, 200); a.at("floatingip", "port_id") != nil {
			t.Errorf("still associated: %s", clip(a.text))
		}
		s.floating(t, http.MethodDelete, "/"+id, nil).is(t, 204)
	}},
	{"floating IP/refused", func(t *testing.T, s *suite) {
		for _, row := range []struct {
			body        any
			status      int
			kind, words string
		}{
			{object{"floating_network_id": s.networkID}, 400, "BadRequest", "Network " + s.networkID + " is not a valid external network."},
			{object{"floating_network_id": noSuchID}, 404, "NetworkNotFound", "Network " + noSuchID + " could not be found."},
			{object{"floating_network_id": "x"}, 400, "HTTPBadRequest", "'x' is not a valid UUID."},
			{object{}, 400, "HTTPBadRequest", "Required attribute 'floating_network_id' not specified"},
			{object{"floating_network_id": s.externalID, "port_id": noSuchID}, 404, "PortNotFound", "Port " + noSuchID + " could not be found."},
		} {
			s.floating(t, http.MethodPost, "", object{"floatingip": row.body}).says(t, row.status, "NeutronError:"+row.kind, row.words)
		}
	}},
}
