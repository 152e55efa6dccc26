package openstack

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestCreateNode(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"POST /compute/v2.1/servers": says(202, `{"server": {"id": "s1"}}`)})
	c := a.client()
	id, err := c.CreateNode(background, cluster.NodeRequest{
		Name: "astro-cpu-1", ClusterID: "c1", ClusterName: "astro", Role: cluster.RoleWorker, Group: "cpu",
		Image: "i1", Flavor: "f1", Network: "n1", KeyPair: "ops", SecurityGroups: []string{"default", "g2"},
		Metadata: map[string]string{"a": "b"}, UserData: []byte("abcd"), // is valid base64, must be encoded still
	})
	if err != nil || id != "s1" {
		t.Fatalf("server %q, %v", id, err)
	}
	equalJSON(t, a.since(1)[0].body, `{"server": {"name": "astro-cpu-1", "imageRef": "i1", "flavorRef": "f1", "networks": [{"uuid": "n1"}],
		"key_name": "ops", "security_groups": [{"name": "default"}, {"name": "g2"}], "metadata": {"a": "b"}, "user_data": "`+
		base64.StdEncoding.EncodeToString([]byte("abcd"))+`",
		"tags": ["vmcluster:c1", "vmcluster-name:astro", "vmcluster-role:worker", "vmcluster-group:cpu"]}}`)
}

// What decides where a node is placed is in the call; only what needs it raises the
// microversion of that one call.
func TestCreateNodeWithPlacement(t *testing.T) {
	yes := cluster.NodeRequest{Name: "n", Image: "i1", Flavor: "f1", Network: "n1", Zone: "az1", ConfigDrive: true}
	volume := yes
	volume.BootVolume = &cluster.BootVolume{Size: 20, DeleteOnTermination: true}
	typed := yes
	typed.BootVolume = &cluster.BootVolume{Size: 20, Type: "ssd"}
	several := yes
	several.Networks, several.FixedIP, several.ServerGroupID = []string{"n2", "n1"}, "10.0.0.9", "5f1c0b0e-0000-4000-8000-000000000001"
	port := yes
	port.Networks, port.Port = []string{"n1", "n2"}, "p1"
	state := yes
	state.StateVolume = "v1"
	bothVolumes := volume
	bothVolumes.StateVolume = "v1"
	common := `"name": "n", "flavorRef": "f1", "availability_zone": "az1", "config_drive": true,
		"tags": ["vmcluster:", "vmcluster-name:", "vmcluster-role:"]`
	const stateDevice = `{"source_type": "volume", "uuid": "v1", "boot_index": -1, "destination_type": "volume", "delete_on_termination": false}]`
	const one = `"networks": [{"uuid": "n1"}], `
	device := one + `"imageRef": "", "block_device_mapping_v2": [{"source_type": "image", "uuid": "i1", "boot_index": 0, "destination_type": "volume", "volume_size": 20, `
	for _, row := range []struct {
		name, body, microversion string
		request                  cluster.NodeRequest
	}{
		{"flavor's disk", one + `"imageRef": "i1"`, "2.52", yes},
		{"several networks in order, server group",
			`"imageRef": "i1", "networks": [{"uuid": "n2"}, {"uuid": "n1", "fixed_ip": "10.0.0.9"}]`, "2.52", several},
		{"port in place of the network", `"imageRef": "i1", "networks": [{"port": "p1"}, {"uuid": "n2"}]`, "2.52", port},
		{"volume", device + `"delete_on_termination": true}]`, "2.52", volume},
		{"flavor's disk and a state volume", one + `"imageRef": "i1", "block_device_mapping_v2": [
			{"source_type": "image", "uuid": "i1", "boot_index": 0, "destination_type": "local", "delete_on_termination": true}, ` + stateDevice, "2.52", state},
		{"volume and a state volume", device + `"delete_on_termination": true}, ` + stateDevice, "2.52", bothVolumes},
		{"volume of a type that stays", device + `"delete_on_termination": false, "volume_type": "ssd"}]`, "2.67", typed},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{
				"POST /compute/v2.1/servers":      says(202, `{"server": {"id": "s1"}}`),
				"DELETE /compute/v2.1/servers/s1": says(204, ""),
			})
			c := a.client()
			if _, err := c.CreateNode(background, row.request); err != nil {
				t.Fatal(err)
			}
			hints := ""
			if row.request.ServerGroupID != "" {
				hints = `, "os:scheduler_hints": {"group": "5f1c0b0e-0000-4000-8000-000000000001"}`
			}
			equalJSON(t, a.since(1)[0].body, `{"server": {`+common+`, `+row.body+`}`+hints+`}`)
			if err := c.DeleteNode(background, "s1"); err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{row.microversion, "2.52"} {
				if got := a.since(1)[i].header.Get("OpenStack-API-Version"); got != "compute "+want {
					t.Errorf("%s with microversion %q, want %s", a.since(1)[i].line, got, want)
				}
			}
		})
	}
}

// A node of several networks has the address that it has in the one its metadata
// names, and none before.
func TestAddressOfSeveralNetworks(t *testing.T) {
	const both = `"a": [{"addr": "10.0.0.1", "OS-EXT-IPS:type": "fixed"}], "b": [{"addr": "10.1.0.1", "OS-EXT-IPS:type": "fixed"}, {"addr": "192.0.2.1", "OS-EXT-IPS:type": "floating"}]`
	for _, row := range []struct{ name, status, metadata, addresses, want string }{
		{"one network is named for traffic", "ACTIVE", `"vmcluster_network": "b"`, both, "10.1.0.1"},
		{"not there yet", "BUILD", `"vmcluster_network": "b"`, `"a": [{"addr": "10.0.0.1", "OS-EXT-IPS:type": "fixed"}]`, ""},
		{"renamed since", "ACTIVE", `"vmcluster_network": "c"`, both, "10.0.0.1"},
		{"nothing named", "ACTIVE", ``, both, "10.0.0.1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": says(200, `{"servers": [
				{"id": "s1", "status": "`+row.status+`", "metadata": {`+row.metadata+`}, "addresses": {`+row.addresses+`}}]}`)})
			nodes, err := a.client().Nodes(background, "t")
			if err != nil || nodes[0].Address != row.want {
				t.Errorf("address %q, %v; want %q", nodes[0].Address, err, row.want)
			}
		})
	}
}

func TestServerGroups(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{
		"GET /compute/v2.1/os-server-groups":       says(200, `{"server_groups": [{"id": "g1", "name": "astro-cpu", "policy": "affinity", "rules": {}, "members": ["s1"]}]}`),
		"POST /compute/v2.1/os-server-groups":      says(200, `{"server_group": {"id": "g2", "name": "astro-gpu", "policy": "anti-affinity"}}`),
		"DELETE /compute/v2.1/os-server-groups/g1": says(204, ""),
	})
	c := a.client()
	found, err := c.ServerGroups(background)
	if err != nil || len(found) != 1 || found[0].ID != "g1" || found[0].Policy != "affinity" || found[0].Members[0] != "s1" {
		t.Errorf("server groups %v, %v", found, err)
	}
	if id, err := c.CreateServerGroup(background, "astro-gpu", "anti-affinity"); id != "g2" || err != nil {
		t.Errorf("made %q, %v", id, err)
	}
	equalJSON(t, a.since(2)[0].body, `{"server_group": {"name": "astro-gpu", "policy": "anti-affinity"}}`)
	for _, id := range []string{"g1", "gone"} {
		if err := c.DeleteServerGroup(background, id); err != nil {
			t.Error(err)
		}
	}
	for _, call := range a.since(1)[:2] {
		if mv := call.header.Get("OpenStack-API-Version"); mv != "compute 2.64" {
			t.Errorf("%s with %s", call.line, mv)
		}
	}
}

func TestResolvePort(t *testing.T) {
	const p = `{"ports": [{"id": "p1", "name": "vip", "network_id": "n1", "device_id": "s1", "fixed_ips": [{"ip_address": "10.0.0.9"}]}]}`
	a := newAPI(t, map[string]http.HandlerFunc{"GET /network/v2.0/ports": says(200, p)})
	got, err := a.client().ResolvePort(background, "vip")
	if want := (Port{ID: "p1", Name: "vip", Network: "n1", Device: "s1"}); err != nil || got != want {
		t.Errorf("port %v, %v", got, err)
	}
}

func TestResolveZone(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/os-availability-zone": says(200, `{"availabilityZoneInfo": [
		{"zoneName": "az1", "zoneState": {"available": true}, "hosts": null}, {"zoneName": "az2", "zoneState": {"available": false}, "hosts": null}]}`)})
	c := a.client()
	for range 2 {
		if zone, err := c.ResolveZone(background, "az1"); zone != "az1" || err != nil {
			t.Errorf("zone %q, %v", zone, err)
		}
	}
	_, err := c.ResolveZone(background, "az2") // there, but no server can be made in it
	wantKind(t, err, cluster.FaultNotFound, `"az2"`, `close: "az1"`)
	if n := len(a.since(1)); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestCreateNodeIsNeverRepeated(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		kind   cluster.FaultKind
	}{
		"in trouble":        {says(503, `{"message": "later"}`), cluster.FaultUnavailable},
		"a broken answer":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, cluster.FaultUnavailable},
		"a proxy's page":    {says(202, `<html>`), cluster.FaultUnavailable},
		"nothing":           {says(202, ``), cluster.FaultUnavailable},
		"another thing":     {says(202, `{"server": "s1"}`), cluster.FaultUnavailable},
		"no ID":             {says(202, `{"server": {}}`), cluster.FaultUnavailable},
		"quota":             {says(403, `{"forbidden": {"message": "Quota exceeded for instances"}}`), cluster.FaultQuota},
		"what it can't run": {says(400, `{"badRequest": {"message": "Flavor's disk is too small for requested image."}}`), cluster.FaultBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{"POST /compute/v2.1/servers": test.answer})
			_, err := a.client().CreateNode(background, cluster.NodeRequest{Name: "astro-cpu-1", Image: "i1", Flavor: "f1", Network: "n1"})
			wantKind(t, err, test.kind, "create server astro-cpu-1: ")
			if n := len(a.since(1)); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestNodes(t *testing.T) {
	server := func(id, status, more string) string {
		return fmt.Sprintf(`{"id": "%s", "name": "astro-cpu-1", "status": "%s", "created": "2026-11-22T10:00:00Z", "addresses": {}, "metadata": {}, "image": ""%s}`, id, status, more)
	}
	var a *api
	a = newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("marker") == "" {
			fmt.Fprintf(w, `{"servers": [%s, %s], "servers_links": [{"rel": "next", "href": "%s/compute/v2.1/servers/detail?marker=s2"}]}`,
				server("s1", "ACTIVE", `, "tags": ["vmcluster-role:worker", "vmcluster:c1", "other", "vmcluster-name:astro", "vmcluster-group:cpu"],
					"image": {"id": "i1"}, "flavor": {"original_name": "m1.tiny"},
					"metadata": {"vmcluster_flavor": "f1", "vmcluster_owner": "scaler", "vmcluster_spec": "h", "x": "y"},
					"addresses": {"net": [{"addr": "fd00::1", "version": 6, "OS-EXT-IPS:type": "fixed"},
						{"addr": "10.0.0.1", "version": 4, "OS-EXT-IPS:type": "fixed"}, {"addr": "10.0.0.2", "version": 4, "OS-EXT-IPS:type": "fixed"},
						{"addr": "192.0.2.1", "version": 4, "OS-EXT-IPS:type": "floating"}]}`),
				server("s2", "ERROR", `, "OS-EXT-AZ:availability_zone": "az1", "metadata": {"vmcluster_image": "i7"}, "fault": {"code": 500, "message": "No valid host was found.", "created": "yesterday"}`), a.URL)
			return
		}
		fmt.Fprintf(w, `{"servers": [%s, %s, %s]}`, server("s3", "soft_deleted", ""), server("s4", "RESCUE", ""),
			server("s5", "BUILD", `, "addresses": {"net": [{"addr": "fd00::5", "OS-EXT-IPS:type": "fixed"}]}`))
	}})
	nodes, err := a.client().Nodes(background, "t1", "t2")
	if err != nil {
		t.Fatal(err)
	}
	if line := a.since(1)[0].line; !strings.Contains(line, "tags=t1%2Ct2") || len(a.since(1)) != 2 {
		t.Errorf("requests are\n%s", a.lines())
	}
	if len(nodes) != 4 {
		t.Fatalf("%d nodes, want 4: the deleted one is none", len(nodes))
	}
	first := nodes[0]
	if first.ClusterID != "c1" || first.ClusterName != "astro" || first.Role != cluster.RoleWorker || first.Group != "cpu" ||
		first.Address != "10.0.0.1" || first.Floating != "192.0.2.1" || first.Image != "i1" || first.Flavor != "f1" || first.Owner != "scaler" ||
		first.SpecHash != "h" || first.Metadata["x"] != "y" || !first.Created.Equal(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("first node is %v", first)
	}
	if f := nodes[1].Fault; f == nil || f.Code != 500 || f.Message != "No valid host was found." || !nodes[1].Broken() {
		t.Errorf("second node's fault is %v", f)
	}
	if nodes[1].Zone != "az1" || nodes[1].Image != "i7" { // on a volume, Nova shows no image
		t.Errorf("second node is in %q, from %q", nodes[1].Zone, nodes[1].Image)
	}
	if nodes[2].Status != "RESCUE" || nodes[3].Address != "fd00::5" {
		t.Errorf("last nodes are %v", nodes[2:])
	}
}

// Only "not found" says that a server is gone.
func TestNodeByID(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		kind   cluster.FaultKind // "" is a node
	}{
		{"there", says(200, `{"server": {"id": "s1", "name": "astro-cpu-1", "status": "ACTIVE", "tags": ["vmcluster:c1", "vmcluster-role:worker"]}}`), ""},
		{"gone", says(404, `{"itemNotFound": {"code": 404, "message": "Instance s1 could not be found."}}`), cluster.FaultNotFound},
		{"its cell is down", says(500, `{"computeFault": {"code": 500, "message": "Unexpected API Error.\n<class 'nova.exception.NovaException'>"}}`), cluster.FaultUnavailable},
		{"not to be asked", says(403, `{"forbidden": {"code": 403, "message": "Policy doesn't allow it."}}`), cluster.FaultForbidden},
		{"another's answer", says(200, `{"server": {"id": "s2"}}`), cluster.FaultUnavailable},
		{"no answer", says(200, `{}`), cluster.FaultUnavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/s1": row.answer})
			n, err := a.client().NodeByID(background, "s1")
			if row.kind != "" {
				wantKind(t, err, row.kind, "read server s1")
				return
			}
			if err != nil || n.ID != "s1" || n.ClusterID != "c1" || n.Status != cluster.StatusActive {
				t.Errorf("node %v, %v", n, err)
			}
		})
	}
}

// Whoever deletes by a list must not get half of one.
func TestNodesIsWholeOrAnError(t *testing.T) {
	var a *api
	a = newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("marker") == "" {
			fmt.Fprintf(w, `{"servers": [{"id": "s1"}], "servers_links": [{"rel": "next", "href": "%s/compute/v2.1/servers/detail?marker=s1"}]}`, a.URL)
			return
		}
		says(503, "")(w, r)
	}})
	nodes, err := a.client().Nodes(background, "t1")
	wantKind(t, err, cluster.FaultUnavailable, "list servers tagged t1")
	if nodes != nil || len(a.since(1)) != 5 {
		t.Errorf("%d nodes in %d requests, want none in 5", len(nodes), len(a.since(1)))
	}
	if _, err := a.client().Nodes(background, "t1", ""); !cluster.IsKind(err, cluster.FaultBadRequest) {
		t.Errorf("an empty tag: %v", err)
	}
}

func TestNodesWithAny(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": says(200,
		`{"servers": [{"id": "s1", "tags": ["vmcluster:c1", "vmcluster-role:worker", "t1"]}, {"id": "s2", "tags": ["t2"]}]}`)})
	nodes, err := a.client().NodesWithAny(background, "t1", "t2")
	if err != nil || len(nodes) != 2 {
		t.Errorf("nodes are %v, %v", nodes, err)
	}
	if line := a.since(1)[0].line; !strings.HasSuffix(line, "?limit=1000&tags-any=t1%2Ct2") {
		t.Errorf("request is %s", line)
	}
	_, err = a.client().NodesWithAny(background, "t1", "")
	wantKind(t, err, cluster.FaultBadRequest, "list servers tagged t1 or ")
}

func TestWithoutTagsForeignServersAreLeftOut(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": says(200,
		`{"servers": [{"id": "s1", "tags": ["mine"]}, {"id": "s2", "tags": ["vmcluster:c1", "vmcluster-role:worker"]}]}`)})
	nodes, err := a.client().Nodes(background)
	if err != nil || len(nodes) != 1 || nodes[0].ID != "s2" {
		t.Errorf("nodes are %v, %v", nodes, err)
	}
}

func TestServerCalls(t *testing.T) {
	const base = "/compute/v2.1/servers/s1"
	a := newAPI(t, map[string]http.HandlerFunc{
		"DELETE " + base:                         says(204, ""),
		"GET " + base + "/metadata":              says(200, `{"metadata": {"a": "1"}}`),
		"PUT " + base + "/metadata":              says(200, `{"metadata": {"b": "2"}}`),
		"GET " + base + "/os-server-password":    says(200, `{"password": "{\"generation\": 3}"}`),
		"DELETE " + base + "/os-server-password": says(204, ""),
		"POST " + base + "/action":               says(200, `{"output": "login:"}`),
	})
	c := a.client()
	check := func(what string, got any, want any, err error) {
		t.Helper()
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	check("delete", nil, nil, c.DeleteNode(background, "s1"))
	check("delete what is gone", nil, nil, c.DeleteNode(background, "s2"))
	got, err := c.Metadata(background, "s1")
	check("metadata", got, map[string]string{"a": "1"}, err)
	got, err = c.SetMetadata(background, "s1", nil)
	check("set metadata", got, map[string]string{"b": "2"}, err)
	if put := a.since(0)[4]; put.body != `{"metadata":{}}` {
		t.Errorf("%s sends %s", put.line, put.body)
	}
	report, err := c.Report(background, "s1")
	check("report", report, `{"generation": 3}`, err)
	check("clear report", nil, nil, c.ClearReport(background, "s1"))
	tail, err := c.ConsoleTail(background, "s1", 20)
	check("console", tail, "login:", err)
	if last := a.since(0)[7]; last.body != `{"os-getConsoleOutput":{"length":20}}` {
		t.Errorf("%s sends %s", last.line, last.body)
	}
	_, err = c.ConsoleTail(background, "s2", 20)
	wantKind(t, err, cluster.FaultOther, "read console log of server s2")
}

// A server that is being deleted keeps its status; only its task shows it.
func TestTaskOfAServer(t *testing.T) {
	for _, row := range []struct {
		status, task string
		want         cluster.Status
	}{
		{"ACTIVE", `"deleting"`, cluster.StatusDeleting},
		{"ERROR", `"deleting"`, cluster.StatusDeleting},
		{"BUILD", `"spawning"`, cluster.StatusBuild},
		{"ACTIVE", `null`, cluster.StatusActive},
	} {
		a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": says(200, `{"servers": [
			{"id": "s1", "status": "`+row.status+`", "OS-EXT-STS:task_state": `+row.task+`}]}`)})
		nodes, err := a.client().Nodes(background, "t")
		if err != nil || len(nodes) != 1 || nodes[0].Status != row.want {
			t.Errorf("%s, task %s: %v, %v; want %s", row.status, row.task, nodes, err, row.want)
		}
	}
}
