package contract

import (
	"net/http"
	"testing"
)

// makePort makes a port as a user would beforehand.
func (s *suite) makePort(t *testing.T, more object) answer {
	t.Helper()
	port := object{"network_id": s.networkID, "name": s.prefix}
	for k, v := range more {
		port[k] = v
	}
	a := s.call(t, "network", http.MethodPost, "/ports", object{"port": port})
	if id := a.string("port", "id"); a.status == 201 {
		t.Cleanup(func() { s.call(t, "network", http.MethodDelete, "/ports/"+id, nil) })
	}
	return a
}

var portCases = []testCase{
	{"port/made beforehand, free, found by name", func(t *testing.T, s *suite) {
		a := s.makePort(t, nil).is(t, 201)
		if a.at("port", "device_id") != "" || a.string("port", "network_id") != s.networkID || a.string("port", "fixed_ips", 0, "ip_address") == "" {
			t.Errorf("port: %s", clip(a.text))
		}
		if found := s.call(t, "network", get, "/ports?name="+s.prefix, nil).is(t, 200).list("ports"); len(found) != 1 {
			t.Errorf("%d ports of that name", len(found))
		}
	}},
	{"port/serves one server at a time and outlives it", func(t *testing.T, s *suite) {
		port := s.makePort(t, nil).is(t, 201)
		id, address := port.string("port", "id"), port.string("port", "fixed_ips", 0, "ip_address")
		networks := []any{object{"port": id}}
		server := s.create(t, object{"networks": networks, "security_groups": nil})
		a := s.waitStatus(t, server, "ACTIVE")
		if got := a.string("server", "addresses", s.Network, 0, "addr"); got != address {
			t.Errorf("the server has %s, its port %s", got, address)
		}
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(object{"networks": networks})).
			says(t, 409, "conflictingRequest", "Port "+id+" is still in use.")
		s.remove(t, server)
		s.waitStatus(t, server, "")
		if a := s.call(t, "network", get, "/ports/"+id, nil).is(t, 200); a.at("port", "device_id") != "" {
			t.Errorf("after its server: %s", clip(a.text))
		}
	}},
	{"port/an address is one of the network's, and given once", func(t *testing.T, s *suite) {
		port := s.makePort(t, nil).is(t, 201)
		address := port.string("port", "fixed_ips", 0, "ip_address")
		s.makePort(t, object{"fixed_ips": []any{object{"ip_address": "192.0.2.77"}}}).
			says(t, 400, "NeutronError:InvalidIpForNetwork", "IP address 192.0.2.77 is not a valid IP for any of the subnets on the specified network.")
		s.makePort(t, object{"fixed_ips": []any{object{"ip_address": address}}}).
			says(t, 409, "NeutronError:IpAddressAlreadyAllocated", "IP address "+address+" already allocated in subnet")
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(object{"networks": []any{object{"uuid": s.networkID, "fixed_ip": address}}})).
			says(t, 400, "badRequest", "Fixed IP address "+address+" is already in use on instance")
	}},
	{"port/a server may have several", func(t *testing.T, s *suite) {
		server := s.create(t, object{"networks": []any{object{"uuid": s.networkID}, object{"uuid": s.networkID}}})
		a := s.waitStatus(t, server, "ACTIVE")
		if n := len(a.list("server", "addresses", s.Network)); n != 2 {
			t.Errorf("%d addresses", n)
		}
		if n := len(s.call(t, "network", get, "/ports?device_id="+server, nil).is(t, 200).list("ports")); n != 2 {
			t.Errorf("%d ports", n)
		}
		s.remove(t, server)
	}},
	{"port/deleted once", func(t *testing.T, s *suite) {
		id := s.makePort(t, nil).is(t, 201).string("port", "id")
		s.call(t, "network", http.MethodDelete, "/ports/"+id, nil).is(t, 204)
		s.call(t, "network", http.MethodDelete, "/ports/"+id, nil).says(t, 404, "NeutronError:PortNotFound", "Port "+id+" could not be found.")
	}},
	{"config drive/shown, as True", func(t *testing.T, s *suite) {
		server := s.create(t, object{"networks": "none", "security_groups": nil, "config_drive": true})
		if a := s.waitStatus(t, server, "ACTIVE"); a.string("server", "config_drive") != "True" {
			t.Errorf("config_drive is %v", a.at("server", "config_drive"))
		}
		s.remove(t, server)
	}},
}

// device is a boot volume of the create call, made from the image.
func (s *suite) device(more object) object {
	d := object{"boot_index": 0, "uuid": s.imageID, "source_type": "image", "destination_type": "volume", "volume_size": 1}
	for k, v := range more {
		d[k] = v
		if v == nil {
			delete(d, k)
		}
	}
	return object{"imageRef": "", "networks": "none", "security_groups": nil, "block_device_mapping_v2": []any{d}}
}

// What is refused before a block-storage service is asked, which not every cloud has.
var volumeCases = []testCase{
	{"boot volume/its type before 2.67 is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(s.device(object{"volume_type": "x"}))).
			says(t, 400, "badRequest", "Additional properties are not allowed ('volume_type' was unexpected)")
	}},
	{"boot volume/no size is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(s.device(object{"volume_size": nil}))).
			says(t, 400, "badRequest", "Images with destination_type 'volume' need to have a non-zero size specified")
	}},
	{"boot volume/no boot index is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(s.device(object{"boot_index": nil}))).
			says(t, 400, "badRequest", "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.")
	}},
	{"boot volume/unknown image is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(s.device(object{"uuid": noSuchID}))).
			says(t, 400, "badRequest", "Block Device Mapping is Invalid: failed to get image "+noSuchID+".")
	}},
}
