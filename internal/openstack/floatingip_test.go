package openstack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestAssociateFloatingIP(t *testing.T) {
	const ports = `{"ports": [{"id": "port6", "fixed_ips": [{"ip_address": "fd00::1"}]}, {"id": "port4", "fixed_ips": [{"ip_address": "10.0.0.1"}]}]}`
	floating := func(id, description, port, network string) string {
		return fmt.Sprintf(`{"id": "%s", "description": "%s", "port_id": "%s", "floating_network_id": "%s", "floating_ip_address": "192.0.2.%s"}`,
			id, description, port, network, id)
	}
	const mine = "vmcluster:c1"
	tests := map[string]struct {
		ports   string
		present []string
		address string
		last    string // request
		body    string
		kind    cluster.FaultKind
	}{
		"none yet: made, described in the same request": {ports, nil, "192.0.2.9", "POST /network/v2.0/floatingips",
			`{"floatingip": {"description": "vmcluster:c1", "floating_network_id": "ext", "port_id": "port4", "fixed_ip_address": "10.0.0.1"}}`, ""},
		"there already: used": {ports, []string{floating("1", mine, "", "ext"), floating("2", mine, "port4", "ext")}, "192.0.2.2", "", "", ""},
		"left by an interrupted run: used": {ports, []string{floating("1", mine, "", "other"), floating("2", mine, "", "ext")}, "192.0.2.2",
			"PUT /network/v2.0/floatingips/2", `{"floatingip": {"port_id": "port4", "fixed_ip_address": "10.0.0.1"}}`, ""},
		"others' are never taken": {ports, []string{floating("1", "vmcluster:c2", "", "ext"), floating("2", "", "", "ext")}, "192.0.2.9",
			"POST /network/v2.0/floatingips", "", ""},
		"of another node of the cluster: left there": {ports, []string{floating("1", mine, "port7", "ext")}, "192.0.2.9", "POST /network/v2.0/floatingips", "", ""},
		"no port with IPv4":                          {`{"ports": []}`, nil, "", "", "", cluster.FaultNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{
				"GET /network/v2.0/ports":         says(200, test.ports),
				"GET /network/v2.0/floatingips":   says(200, `{"floatingips": [`+strings.Join(test.present, ",")+`]}`),
				"POST /network/v2.0/floatingips":  says(201, `{"floatingip": `+floating("9", mine, "port4", "ext")+`}`),
				"PUT /network/v2.0/floatingips/2": says(200, `{"floatingip": `+floating("2", mine, "port4", "ext")+`}`),
			})
			address, err := a.client().AssociateFloatingIP(background, "c1", "s1", "ext", "", false)
			if test.kind != "" {
				wantKind(t, err, test.kind, "server s1")
				return
			}
			if err != nil || address != test.address {
				t.Fatalf("address %q, %v; want %s", address, err, test.address)
			}
			calls := a.since(1)
			if calls[0].line != "GET /network/v2.0/ports?device_id=s1" || calls[1].line != "GET /network/v2.0/floatingips?description=vmcluster%3Ac1" {
				t.Errorf("requests are\n%s", a.lines())
			}
			if last := calls[len(calls)-1]; test.last != "" && last.line != test.last {
				t.Errorf("last request is %s, want %s", last.line, test.last)
			} else if test.body != "" {
				equalJSON(t, last.body, test.body)
			}
			if test.last == "" && len(calls) != 2 {
				t.Errorf("requests are\n%s, want nothing written", a.lines())
			}
		})
	}
}

// Of a cluster that was never there, no floating IP can be there.
func TestAssociateFloatingIPOfANewCluster(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{
		"GET /network/v2.0/ports":        says(200, `{"ports": [{"id": "port4", "fixed_ips": [{"ip_address": "10.0.0.1"}]}]}`),
		"POST /network/v2.0/floatingips": says(201, `{"floatingip": {"floating_ip_address": "192.0.2.9"}}`),
	})
	if address, err := a.client().AssociateFloatingIP(background, "c1", "s1", "ext", "", true); err != nil || address != "192.0.2.9" {
		t.Errorf("address %q, %v", address, err)
	}
	if calls := a.since(1); len(calls) != 2 {
		t.Errorf("requests are\n%s", a.lines())
	}
}

func TestFloatingIPsOfTheCluster(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{
		"GET /network/v2.0/floatingips": says(200, `{"floatingips": [{"id": "1", "description": "vmcluster:c1", "floating_ip_address": "192.0.2.1"},
			{"id": "2", "description": "", "floating_ip_address": "192.0.2.2"}]}`), // a Neutron that does not know the filter
		"DELETE /network/v2.0/floatingips/1": says(204, ""),
	})
	c := a.client()
	got, err := c.FloatingIPs(background, "c1")
	if err != nil || !maps.Equal(got, map[string]string{"1": "192.0.2.1"}) {
		t.Errorf("floating IPs are %v, %v", got, err)
	}
	for _, id := range []string{"1", "gone"} {
		if err := c.DeleteFloatingIP(background, id); err != nil {
			t.Errorf("release %s: %v", id, err)
		}
	}
}

// Of several ports the one for the cluster's traffic comes first; one without a
// way to the external network is passed over.
func TestAssociateFloatingIPOfSeveralNetworks(t *testing.T) {
	const ports = `{"ports": [{"id": "a", "fixed_ips": [{"ip_address": "10.0.0.1"}]}, {"id": "b", "fixed_ips": [{"ip_address": "10.1.0.1"}]}]}`
	for name, row := range map[string]struct {
		reachable []string // ports
		fixed     string
		tried     []string
		kind      cluster.FaultKind
	}{
		"the cluster's":               {[]string{"a", "b"}, "10.1.0.1", []string{"b"}, ""},
		"the cluster's has no router": {[]string{"a"}, "10.1.0.1", []string{"b", "a"}, ""},
		"none has":                    {nil, "10.1.0.1", []string{"b", "a"}, cluster.FaultNotFound},
		"nothing known of it":         {[]string{"a", "b"}, "", []string{"a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var tried []string
			var a *api
			a = newAPI(t, map[string]http.HandlerFunc{
				"GET /network/v2.0/ports": says(200, ports),
				"POST /network/v2.0/floatingips": func(w http.ResponseWriter, r *http.Request) {
					var body struct {
						FloatingIP struct {
							Port string `json:"port_id"`
						} `json:"floatingip"`
					}
					calls := a.since(0)
					if err := json.Unmarshal([]byte(calls[len(calls)-1].body), &body); err != nil {
						t.Error(err)
					}
					tried = append(tried, body.FloatingIP.Port)
					if slices.Contains(row.reachable, body.FloatingIP.Port) {
						says(201, `{"floatingip": {"floating_ip_address": "192.0.2.9"}}`)(w, r)
						return
					}
					says(404, `{"NeutronError": {"type": "ExternalGatewayForFloatingIPNotFound", "message": "External network ext is not reachable from subnet x."}}`)(w, r)
				},
			})
			address, err := a.client().AssociateFloatingIP(background, "c1", "s1", "ext", row.fixed, true)
			if row.kind != "" {
				wantKind(t, err, row.kind, "not reachable")
			} else if err != nil || address != "192.0.2.9" {
				t.Errorf("address %q, %v", address, err)
			}
			if !slices.Equal(tried, row.tried) {
				t.Errorf("tried %v, want %v", tried, row.tried)
			}
		})
	}
}

// A front-end bears the mark that its cluster never had a floating IP from its create call
// on, is listed with it, and loses it without regard to its other tags.
func TestMarkOfAClusterWithoutFloatingIP(t *testing.T) {
	const tag = "vmcluster-floating-ip:never"
	a := newAPI(t, map[string]http.HandlerFunc{
		"POST /compute/v2.1/servers":                  says(202, `{"server": {"id": "s1"}}`),
		"DELETE /compute/v2.1/servers/s1/tags/" + tag: says(204, ""),
		"DELETE /compute/v2.1/servers/s2/tags/" + tag: says(404, `{"itemNotFound": {"code": 404, "message": "Server s2 has no tag"}}`),
	})
	c := a.client()
	request := cluster.NodeRequest{Name: "n", ClusterID: "c1", ClusterName: "astro", Role: cluster.RoleFrontEnd, NeverFloated: true}
	if _, err := c.CreateNode(background, request); err != nil {
		t.Fatal(err)
	}
	equalJSON(t, a.since(1)[0].body, `{"server": {"name": "n", "imageRef": "", "flavorRef": "",
		"networks": [{}], "tags": ["vmcluster:c1", "vmcluster-name:astro", "vmcluster-role:front_end", "`+tag+`"]}}`)
	var n cluster.Node
	if cluster.ReadTags(&n, request.Tags()); !n.NeverFloated {
		t.Errorf("node %v", n)
	}
	for _, id := range []string{"s1", "s2"} {
		if err := c.ExpectFloating(background, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}
