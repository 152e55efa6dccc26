package openstack

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const (
	volumeID = "0f3a5c1e-2b4d-4e6f-8a9b-123456789abc"
	used     = `{"id": "` + volumeID + `", "name": "state", "status": "in-use", "size": 1, "multiattach": false, "attachments": [{"server_id": "s1", "attached_at": "2026-11-29T10:00:00.000000"}]}`
	unused   = `{"id": "1a2b3c4d-0000-4000-8000-000000000001", "name": "twin", "status": "available", "attachments": [], "multiattach": true}`
)

func TestResolveVolume(t *testing.T) {
	all := `{"volumes": [` + used + `, ` + unused + `, ` + strings.Replace(unused, "0001", "0002", 1) + `]}`
	a := newAPI(t, map[string]http.HandlerFunc{
		"GET /volume/v3/p1/volumes/" + volumeID: says(200, `{"volume": `+used+`}`),
		"GET /volume/v3/p1/volumes/":            says(404, `{"itemNotFound": {"code": 404, "message": "Volume could not be found."}}`),
		"GET /volume/v3/p1/volumes/detail": func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("name") {
			case "state":
				says(200, `{"volumes": [`+used+`]}`)(w, r)
			case "":
				says(200, all)(w, r)
			case "twin":
				says(200, strings.Replace(all, used+", ", "", 1))(w, r)
			default:
				says(200, `{"volumes": []}`)(w, r)
			}
		},
	})
	volumeCatalog(a)
	want := cluster.Volume{ID: volumeID, Name: "state", Status: "in-use", Servers: []string{"s1"}}
	c := a.client()
	for _, wanted := range []string{"state", volumeID, "state"} {
		if got, err := c.ResolveVolume(background, wanted); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", wanted, got, err)
		}
	}
	for wanted, words := range map[string]string{
		"twin": "2 volumes have this name: 1a2b3c4d-0000-4000-8000-000000000001, ", "stat": `no volume has this name or ID; close: "state"`,
		strings.Replace(volumeID, "0f", "1f", 1): "no volume has this name or ID",
	} {
		_, err := c.ResolveVolume(background, wanted)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", wanted, err, words)
		}
	}
	if got, err := c.Volume(background, volumeID); err != nil || got.Status != "in-use" {
		t.Errorf("read by ID: %+v, %v", got, err)
	}
}

func TestVolumesOfACloudWithoutBlockStorage(t *testing.T) {
	a := newAPI(t, nil)
	_, err := a.client().ResolveVolume(background, "state")
	var ce *cluster.CloudError
	if !errors.As(err, &ce) || ce.Kind != cluster.FaultNotFound || !strings.Contains(ce.Message, "catalog lists no block-storage service") {
		t.Errorf("error %v", err)
	}
}
