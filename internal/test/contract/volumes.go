package contract

import (
	"net/http"
	"testing"
	"time"
)

// blockStorage returns the service's type in the catalog, "" for a cloud without one.
func (s *suite) blockStorage() string {
	for _, kind := range []string{"block-storage", "volumev3"} {
		if s.client.endpoints[kind] != "" {
			return kind
		}
	}
	return ""
}

func (s *suite) volumes(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return s.call(t, s.blockStorage(), method, "/volumes"+path, body)
}

// makeVolume makes an empty volume as a user would beforehand, and waits until it is
// available.
func (s *suite) makeVolume(t *testing.T) string {
	t.Helper()
	id := s.volumes(t, http.MethodPost, "", object{"volume": object{"size": 1, "name": s.prefix}}).is(t, 202).string("volume", "id")
	t.Cleanup(func() { s.volumes(t, http.MethodDelete, "/"+id, nil) })
	s.waitVolume(t, id, "available")
	return id
}

// waitVolume polls until the volume has that status.
func (s *suite) waitVolume(t *testing.T, id, status string) answer {
	t.Helper()
	deadline := time.Now().Add(patience)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		a := s.volumes(t, get, "/"+id, nil).is(t, 200)
		switch got := a.string("volume", "status"); {
		case got == status:
			return a
		case got == "error" || time.Now().After(deadline):
			t.Fatalf("volume %s is %q, want %q", id, got, status)
		}
		time.Sleep(wait)
	}
}

// withVolume is a create call's part for a server on the flavor's disk that gets a volume
// beside it.
func (s *suite) withVolume(volume string) object {
	return object{"networks": "none", "security_groups": nil, "block_device_mapping_v2": []any{
		object{"boot_index": 0, "uuid": s.imageID, "source_type": "image", "destination_type": "local", "delete_on_termination": true},
		object{"boot_index": -1, "uuid": volume, "source_type": "volume", "destination_type": "volume", "delete_on_termination": false},
	}}
}

// Cases of clouds with a block-storage service.
var blockStorageCases = []testCase{
	{"volume/made beforehand, found by name and by ID", func(t *testing.T, s *suite) {
		id := s.makeVolume(t)
		a := s.volumes(t, get, "/detail?name="+s.prefix, nil).is(t, 200)
		if len(a.list("volumes")) != 1 || a.string("volumes", 0, "id") != id || a.string("volumes", 0, "status") != "available" ||
			a.at("volumes", 0, "multiattach") != false || len(a.list("volumes", 0, "attachments")) != 0 {
			t.Errorf("volumes of that name: %s", clip(a.text))
		}
		if n := len(s.volumes(t, get, "/detail?name="+s.prefix+"-none", nil).is(t, 200).list("volumes")); n != 0 {
			t.Errorf("%d volumes of a name that none has", n)
		}
		s.volumes(t, get, "/"+noSuchID, nil).says(t, 404, "itemNotFound", "Volume "+noSuchID+" could not be found.")
	}},
	{"volume/comes with the create call, and outlives its server", func(t *testing.T, s *suite) {
		volume := s.makeVolume(t)
		server := s.create(t, s.withVolume(volume))
		if status := s.volumes(t, get, "/"+volume, nil).is(t, 200).string("volume", "status"); status == "available" {
			t.Error("the volume is still available after the call")
		}
		a := s.waitStatus(t, server, "ACTIVE")
		if a.string("server", "image", "id") != s.imageID || a.string("server", "os-extended-volumes:volumes_attached", 0, "id") != volume ||
			a.at("server", "os-extended-volumes:volumes_attached", 0, "delete_on_termination") != false {
			t.Errorf("server: %s", clip(a.text))
		}
		if a := s.waitVolume(t, volume, "in-use"); a.string("volume", "attachments", 0, "server_id") != server {
			t.Errorf("volume: %s", clip(a.text))
		}
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(s.withVolume(volume))).
			says(t, 400, "badRequest", "Volume "+volume+" status must be available or downloading to reserve, but the current status is in-use.")
		s.volumes(t, http.MethodDelete, "/"+volume, nil).says(t, 400, "badRequest", "Invalid volume: Volume status must be available or error or ")
		s.remove(t, server)
		s.waitStatus(t, server, "")
		if a := s.waitVolume(t, volume, "available"); len(a.list("volume", "attachments")) != 0 {
			t.Errorf("after its server: %s", clip(a.text))
		}
		s.volumes(t, http.MethodDelete, "/"+volume, nil).is(t, 202)
	}},
	{"volume/unknown in a create call is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(s.withVolume(noSuchID))).says(t, 400, "badRequest", "Volume "+noSuchID+" could not be found.")
	}},
	{"volume/alone in the list of devices is 400", func(t *testing.T, s *suite) {
		wish := s.withVolume(s.makeVolume(t))
		devices, _ := wish["block_device_mapping_v2"].([]any)
		wish["block_device_mapping_v2"] = devices[1:]
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(wish)).
			says(t, 400, "badRequest", "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.")
	}},
}
