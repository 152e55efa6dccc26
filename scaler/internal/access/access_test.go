package access_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/lease"
)

// Each missing rule causes an error that names it: a service answers 401 then.
func TestAMissingRuleIsNamed(t *testing.T) {
	cloud, config := startCloud(t)
	birth(t, client(t, config), "astro", "debian-13-hpc", "m1.small", "private")
	scaler := client(t, config)
	nova := actuate.NewNova("astro", provision.Steps{Provisioner: provision.New(scaler, provision.Options{Owner: cluster.OwnerScaler})})
	view, err := nova.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := view.Document.ID
	front, _ := view.Nodes.FrontEnd()
	if err := add(t, nova, id); err != nil {
		t.Fatal(err)
	}
	worker := "astro-cpu-1"
	enrol(t, nova, []string{worker})
	for _, row := range []struct {
		method, path, says string
		status             int
		do                 func() error
	}{
		{"GET", "/compute/servers/detail", "GET /compute/v2.1/servers/detail", 401, func() error { _, err := nova.Read(t.Context()); return err }},
		{"POST", "/compute/servers", "POST /compute/v2.1/servers", 401, func() error { return add(t, nova, id) }},
		{"PUT", "/compute/servers/*/metadata", "PUT /compute/v2.1/servers/" + front.ID + "/metadata", 403, func() error {
			return nova.Mark(t.Context(), id, map[string]cluster.Leaving{worker: cluster.LeaveIdle})
		}},
		{"PUT", "/compute/servers/*/tags/*", "PUT /compute/v2.1/servers/" + front.ID + "/tags/", 401, func() error {
			_, err := lease.New(scaler, "x").Hold(t.Context(), view, true)
			return err
		}},
	} {
		cloud.Fault(openstacktest.Fault{
			Method: row.method, Path: row.path, Status: row.status, Times: -1,
			Body: `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`,
		})
		err := row.do()
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("(HTTP %d to %s", row.status, row.says)) {
			t.Errorf("%s %s: %v", row.method, row.path, err)
		}
		cloud.ClearFaults()
	}
}

func TestAllows(t *testing.T) {
	rule := access.Rule{Service: "compute", Method: "DELETE", Path: "/v2.1/servers/*"}
	for call, want := range map[string]bool{
		"compute DELETE /v2.1/servers/1":         true,
		"compute GET /v2.1/servers/1":            false,
		"network DELETE /v2.1/servers/1":         false,
		"compute DELETE /v2.1/servers":           false,
		"compute DELETE /v2.1/servers/":          false,
		"compute DELETE /v2.1/servers/1/x":       false,
		"compute DELETE /compute/v2.1/servers/1": false,
	} {
		w := strings.Fields(call)
		if rule.Allows(w[0], w[1], w[2]) != want {
			t.Errorf("%s: %t", call, !want)
		}
	}
}

func TestWrite(t *testing.T) {
	endpoints := openstack.Endpoints{
		Compute: openstack.Endpoint{Type: "compute", Path: "/compute/v2.1"},
		Network: openstack.Endpoint{Type: "network", Path: "/networking/v2.0"},
	}
	for _, row := range []struct {
		volume openstack.Endpoint
		want   map[string]string // services and their paths
	}{
		{openstack.Endpoint{}, map[string]string{"compute": "/compute/v2.1/", "network": "/networking/v2.0/"}},
		{openstack.Endpoint{Type: "volumev3", Path: "/volume/v3/p1"}, map[string]string{"compute": "/compute/v2.1/", "network": "/networking/v2.0/", "volumev3": "/volume/v3/p1/volumes/"}},
	} {
		endpoints.Volume = row.volume
		var out bytes.Buffer
		if err := access.Write(&out, access.Rules(endpoints)); err != nil {
			t.Fatal(err)
		}
		var rules []map[string]string
		if err := json.Unmarshal(out.Bytes(), &rules); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range rules {
			seen[r["service"]] = true
			if base := row.want[r["service"]]; len(r) != 3 || base == "" || r["method"] == "" || !strings.HasPrefix(r["path"], base) || strings.Contains(r["path"], "//") {
				t.Errorf("%v", r)
			}
		}
		if len(seen) != len(row.want) {
			t.Errorf("rules for %v, want %v", seen, row.want)
		}
	}
}
