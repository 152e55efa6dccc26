// Package contract holds the facts about OpenStack that the project relies on, as
// small cases over raw HTTP. The same cases run against the embedded cloud and against
// any real one, and both must pass them.
package contract

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"
)

// How long a server may take to become ACTIVE or to go away.
const patience = 5 * time.Minute

type testCase struct {
	name string
	run  func(*testing.T, *suite)
}

// suite is one run against one target.
type suite struct {
	Target
	client                *client
	prefix                string // of every name and description made here
	flavorID, imageID     string
	networkID, externalID string
	base                  string // a server that is ACTIVE; cases leave it as it was
	baseTags              []string
	securityGroupID       string
}

// Run holds the target to the contract. It makes some servers and removes them.
func Run(t *testing.T, target Target) {
	t.Helper()
	c, err := login(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	var b [4]byte
	rand.Read(b[:])
	s := &suite{Target: target, client: c, prefix: "contract-" + hex.EncodeToString(b[:])}
	if s.SecurityGroup == "" {
		s.SecurityGroup = "default"
	}
	defer s.sweep(t)
	s.lookUp(t)
	s.makeBase(t)
	for _, group := range [][]testCase{identityCases, lookupCases, createCases, serverCases, listCases, metadataCases, tagCases, passwordCases, groupCases, portCases, volumeCases} {
		s.runAll(t, group)
	}
	if s.ExternalNetwork != "" {
		s.runAll(t, floatingCases)
	}
	if s.blockStorage() != "" {
		s.runAll(t, blockStorageCases)
	}
	if s.FaultMetadata {
		s.runAll(t, append(faultCases, groupFaultCases...))
	}
}

func (s *suite) runAll(t *testing.T, cases []testCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
}

// lookUp finds what the target names: by the calls that the project uses.
func (s *suite) lookUp(t *testing.T) {
	t.Helper()
	one := func(what, name string, list []any) string {
		t.Helper()
		var ids []string
		for _, x := range list {
			if id, _ := at(x, "id").(string); at(x, "name") == name {
				ids = append(ids, id)
			}
		}
		if len(ids) != 1 {
			t.Fatalf("%d %s are named %q; the contract needs exactly one", len(ids), what, name)
		}
		return ids[0]
	}
	s.imageID = one("images", s.Image, s.call(t, "image", http.MethodGet, "/images?name="+s.Image, nil).is(t, 200).list("images"))
	s.flavorID = one("flavors", s.Flavor, s.call(t, "compute", http.MethodGet, "/flavors", nil).is(t, 200).list("flavors"))
	s.networkID = one("networks", s.Network, s.call(t, "network", http.MethodGet, "/networks?name="+s.Network, nil).is(t, 200).list("networks"))
	s.securityGroupID = one("security groups", s.SecurityGroup,
		s.call(t, "network", http.MethodGet, "/security-groups?name="+s.SecurityGroup, nil).is(t, 200).list("security_groups"))
	if s.ExternalNetwork != "" {
		s.externalID = one("networks", s.ExternalNetwork,
			s.call(t, "network", http.MethodGet, "/networks?router:external=true&name="+s.ExternalNetwork, nil).is(t, 200).list("networks"))
	}
}

func (s *suite) makeBase(t *testing.T) {
	t.Helper()
	s.baseTags = []string{s.prefix + ":a", s.prefix + ":b"}
	s.base = s.create(t, object{"name": s.prefix + "-base", "tags": []string{s.baseTags[1], s.baseTags[0]}, "metadata": object{"first": "1"}})
	s.waitStatus(t, s.base, "ACTIVE")
}

// wish is a create call's server with what every server here has.
func (s *suite) wish(more object) object {
	server := object{
		"name": s.prefix, "imageRef": s.imageID, "flavorRef": s.flavorID, "networks": []any{object{"uuid": s.networkID}},
		"security_groups": []any{object{"name": s.SecurityGroup}},
	}
	for k, v := range more {
		server[k] = v
		if v == nil {
			delete(server, k)
		}
	}
	return object{"server": server}
}

func (s *suite) create(t *testing.T, more object) string {
	t.Helper()
	id := s.call(t, "compute", http.MethodPost, "/servers", s.wish(more)).is(t, 202).string("server", "id")
	if id == "" {
		t.Fatal("create answers without an ID")
	}
	return id
}

func (s *suite) show(t *testing.T, id string) answer {
	t.Helper()
	return s.call(t, "compute", http.MethodGet, "/servers/"+id, nil)
}

// waitStatus polls until the server has that status; "" waits until it is gone.
func (s *suite) waitStatus(t *testing.T, id, status string) answer {
	t.Helper()
	deadline := time.Now().Add(patience)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		a := s.show(t, id)
		switch got := a.string("server", "status"); {
		case status == "" && a.status == http.StatusNotFound, status != "" && got == status:
			return a
		case status == "ACTIVE" && got == "ERROR":
			t.Fatalf("server %s ended in ERROR: %v", id, a.at("server", "fault", "message"))
		case time.Now().After(deadline):
			t.Fatalf("server %s is %q after %s, want %q", id, got, patience, status)
		}
		time.Sleep(wait)
	}
}

func (s *suite) remove(t *testing.T, id string) {
	t.Helper()
	s.call(t, "compute", http.MethodDelete, "/servers/"+id, nil).is(t, 204)
}

// sweep removes what is left, whatever happened.
func (s *suite) sweep(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		a, err := s.client.send(ctx, http.MethodGet, s.client.endpoints["compute"]+"/servers?name=^"+s.prefix, nil, nil)
		if err != nil || a.status != http.StatusOK {
			t.Errorf("servers may be left: %v %s", err, a.text)
			return
		}
		if len(a.list("servers")) == 0 {
			break
		}
		for _, x := range a.list("servers") {
			id, _ := at(x, "id").(string)
			s.client.send(ctx, http.MethodDelete, s.client.endpoints["compute"]+"/servers/"+id, nil, nil) //nolint:errcheck // asked again below
		}
		time.Sleep(500 * time.Millisecond)
	}
	a, err := s.client.send(ctx, http.MethodGet, s.client.endpoints["network"]+"/floatingips", nil, nil)
	if err != nil {
		t.Errorf("floating IPs may be left: %v", err)
	}
	for _, x := range a.list("floatingips") {
		id, _ := at(x, "id").(string)
		if d, _ := at(x, "description").(string); strings.HasPrefix(d, s.prefix) {
			s.client.send(ctx, http.MethodDelete, s.client.endpoints["network"]+"/floatingips/"+id, nil, nil) //nolint:errcheck // best effort
		}
	}
}
