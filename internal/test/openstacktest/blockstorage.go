package openstacktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const volumeAvailable = "available"

// mostVolumes is how many volumes a page has unless a limit says less (cinder:
// osapi_max_limit).
const mostVolumes = 1000

// volumeRoutes are the calls for volumes. Cinder's errors have the form of Nova's.
var volumeRoutes = map[string]handler{
	"GET /volume/v3/{project}/limits":          showVolumeLimits,
	"GET /volume/v3/{project}/volumes":         listVolumes,
	"GET /volume/v3/{project}/volumes/detail":  listVolumes,
	"POST /volume/v3/{project}/volumes":        createVolume,
	"GET /volume/v3/{project}/volumes/{id}":    ofVolume(showVolume),
	"DELETE /volume/v3/{project}/volumes/{id}": ofVolume(deleteVolume),
}

func (c *Cloud) volume(id string) *volume {
	if i := slices.IndexFunc(c.volumes, func(v *volume) bool { return v.id == id }); i >= 0 {
		return c.volumes[i]
	}
	return nil
}

// volumeStatus returns a volume's status: it is reserved from the create call on, and
// in use once the server has been built.
func (c *Cloud) volumeStatus(v *volume, now time.Time) string {
	switch s := c.server(v.server); {
	case v.status != "":
		return v.status
	case v.server == "" && now.Before(v.freeAt):
		return "detaching"
	case v.server == "":
		return volumeAvailable
	case s != nil && s.launched.IsZero():
		return "reserved"
	}
	return "in-use"
}

func ofVolume(h func(*Cloud, *request, *volume)) handler {
	return func(c *Cloud, q *request) {
		v := c.volume(q.PathValue("id"))
		if v == nil {
			computeError(q, http.StatusNotFound, "Volume "+q.PathValue("id")+" could not be found.")
			return
		}
		h(c, q, v)
	}
}

func (c *Cloud) volumeView(q *request, v *volume) map[string]any {
	attachments := []any{}
	status := c.volumeStatus(v, q.now)
	if v.server != "" && status != "reserved" {
		attachments = append(attachments, map[string]any{
			"id": v.id, "attachment_id": v.attachment, "volume_id": v.id, "server_id": v.server,
			"host_name": nil, "device": "/dev/vdb", "attached_at": micros(v.created),
		})
	}
	return map[string]any{
		"id": v.id, "name": v.name, "status": status, "size": v.size, "availability_zone": "nova", "attachments": attachments,
		"created_at": micros(v.created), "updated_at": micros(v.created), "description": nil, "volume_type": orNull(v.kind), "snapshot_id": nil,
		"source_volid": nil, "metadata": map[string]string{}, "user_id": UserID, "bootable": strconv.FormatBool(v.image != ""), "encrypted": false,
		"replication_status": nil, "consistencygroup_id": nil, "multiattach": v.multiattach, "migration_status": nil,
		"os-vol-tenant-attr:tenant_id": ProjectID, "links": []link{{"self", q.base + "/volume/v3/" + ProjectID + "/volumes/" + v.id}},
	}
}

func showVolume(c *Cloud, q *request, v *volume) {
	q.reply(http.StatusOK, map[string]any{"volume": c.volumeView(q, v)})
}

// listVolumes filters by name and status. A name is compared as a whole.
func listVolumes(c *Cloud, q *request) {
	query := q.URL.Query()
	limit := mostVolumes
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && n >= 0 {
		limit = min(n, mostVolumes)
	}
	found := []map[string]any{}
	past := query.Get("marker") == ""
	answer := map[string]any{}
	for _, v := range c.volumes {
		view := c.volumeView(q, v)
		switch {
		case !past:
			past = v.id == query.Get("marker")
		case !volumeMatches(view, query):
		case len(found) == limit:
			query.Set("marker", found[limit-1]["id"].(string)) //nolint:forcetypeassert // every view has a text there
			answer["volumes_links"] = []link{{"next", q.base + q.URL.Path + "?" + query.Encode()}}
			answer["volumes"] = found
			q.reply(http.StatusOK, answer)
			return
		default:
			found = append(found, view)
		}
	}
	answer["volumes"] = found
	q.reply(http.StatusOK, answer)
}

func volumeMatches(view map[string]any, query url.Values) bool {
	for _, key := range []string{"name", "status"} {
		if wanted := query.Get(key); wanted != "" && wanted != view[key] {
			return false
		}
	}
	return true
}

// createVolume makes an empty volume, which is available at once.
func createVolume(c *Cloud, q *request) {
	var body struct {
		Volume *struct {
			Name        string
			Size        int
			VolumeType  string `json:"volume_type"`
			Multiattach bool
		}
	}
	if json.Unmarshal(q.body, &body) != nil || body.Volume == nil || body.Volume.Size < 1 {
		badRequest(q, "Invalid input for field/attribute size.")
		return
	}
	v := &volume{id: newUUID(), name: body.Volume.Name, kind: body.Volume.VolumeType, size: body.Volume.Size, created: q.now, multiattach: body.Volume.Multiattach}
	c.volumes = append(c.volumes, v)
	view := c.volumeView(q, v)
	view["status"] = "creating"
	q.reply(http.StatusAccepted, map[string]any{"volume": view})
}

func deleteVolume(c *Cloud, q *request, v *volume) {
	if status := c.volumeStatus(v, q.now); status != volumeAvailable && status != "error" {
		badRequest(q, "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be "+
			"migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.")
		return
	}
	c.volumes = slices.DeleteFunc(c.volumes, func(other *volume) bool { return other == v })
	q.empty(http.StatusAccepted)
}
