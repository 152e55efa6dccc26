package openstack

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// volumeCatalog adds block storage to a test's catalog.
func volumeCatalog(a *api) {
	a.answers["POST /v3/auth/tokens"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", "t1")
		w.WriteHeader(201)
		entry := func(kind, path string) string {
			return fmt.Sprintf(`{"type": %q, "endpoints": [{"interface": "public", "region": "North", "region_id": "North", "url": "%s%s"}]}`, kind, a.URL, path)
		}
		fmt.Fprintf(w, `{"token": {"expires_at": "2100-01-01T00:00:00.000000Z", "project": {"id": "p1", "name": "demo"}, "catalog": [%s, %s, %s]}}`,
			entry("compute", "/compute/v2.1"), entry("network", "/network"), entry("block-storage", "/volume/v3/p1"))
	}
}

func TestCollectRemains(t *testing.T) {
	const ports = `{"ports": [
		{"id": "p1", "device_id": "s1", "device_owner": "compute:nova"},
		{"id": "p2", "device_id": "s2", "device_owner": "compute:nova"},
		{"id": "p3", "device_id": "s1", "device_owner": "network:dhcp"}]}`
	free := says(200, `{"volume": {"id": "v1", "status": "available", "attachments": []}}`)
	for name, row := range map[string]struct {
		server, volume http.HandlerFunc
		found          string
		kind           cluster.FaultKind // of the error; "" is none
		deleted        string
	}{
		"a port and a volume": {nil, free, "[port p1 volume v1]", "", "DELETE /network/v2.0/ports/p1 DELETE /volume/v3/p1/volumes/v1"},
		"a volume that is said to be on the gone server": {
			nil, says(200, `{"volume": {"id": "v1", "status": "in-use", "attachments": [{"server_id": "s1"}]}}`),
			"[port p1 volume v1]", "", "DELETE /network/v2.0/ports/p1 DELETE /volume/v3/p1/volumes/v1",
		},
		"a volume that another server has": {
			nil, says(200, `{"volume": {"id": "v1", "status": "in-use", "attachments": [{"server_id": "s9"}]}}`),
			"[port p1]", "", "DELETE /network/v2.0/ports/p1",
		},
		"a volume that is gone":       {nil, nil, "[port p1]", "", "DELETE /network/v2.0/ports/p1"},
		"a soft-deleted server keeps": {says(200, `{"server": {"id": "s1", "status": "SOFT_DELETED"}}`), free, "[]", cluster.FaultConflict, ""},
		"nothing while Nova is away":  {says(503, ""), free, "[]", cluster.FaultUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{
				"GET /network/v2.0/ports":         says(200, ports),
				"DELETE /network/v2.0/ports/p1":   says(204, ""),
				"DELETE /volume/v3/p1/volumes/v1": says(202, ""),
			})
			volumeCatalog(a)
			if row.server != nil {
				a.answers["GET /compute/v2.1/servers/s1"] = row.server
			}
			if row.volume != nil {
				a.answers["GET /volume/v3/p1/volumes/v1"] = row.volume
			}
			found, err := a.client().CollectRemains(background, "s1", []string{"v1"})
			if fmt.Sprint(found) != row.found {
				t.Errorf("found %v, want %s", found, row.found)
			}
			if row.kind == "" && err != nil || row.kind != "" && !cluster.IsKind(err, row.kind) {
				t.Errorf("error %v, want kind %q", err, row.kind)
			}
			var deleted []string
			for _, c := range a.since(0) {
				if strings.HasPrefix(c.line, "DELETE") {
					deleted = append(deleted, c.line)
				}
			}
			if got := strings.Join(deleted, " "); got != row.deleted {
				t.Errorf("deleted %s, want %s", got, row.deleted)
			}
		})
	}
	a := newAPI(t, map[string]http.HandlerFunc{"GET /network/v2.0/ports": says(200, `{"ports": []}`)})
	if found, err := a.client().CollectRemains(background, "s1", []string{"v1"}); err != nil || len(found) > 0 {
		t.Errorf("without block storage: %v, %v", found, err)
	}
	if _, err := a.client().CollectRemains(background, "", nil); !cluster.IsKind(err, cluster.FaultBadRequest) {
		t.Errorf("no ID: %v", err)
	}
}

func TestVolumesThatGoWithAServer(t *testing.T) {
	a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": says(200, `{"servers": [{"id": "s1", "name": "astro-cpu-1", "status": "ACTIVE",
		"tags": ["vmcluster:c1", "vmcluster-role:worker"],
		"os-extended-volumes:volumes_attached": [{"id": "v1", "delete_on_termination": true}, {"id": "v2", "delete_on_termination": false}]}]}`)})
	nodes, err := a.client().Nodes(background, "vmcluster:c1")
	if err != nil || len(nodes) != 1 || fmt.Sprint(nodes[0].Volumes) != "[v1]" {
		t.Errorf("%+v, %v", nodes, err)
	}
}
