package openstacktest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// image2 lets a handler see only calls with a good token. Glance's errors are
// plain text.
func image2(h handler) handler {
	return func(c *Cloud, q *request) {
		if !c.authorized(q) {
			q.header.Set("WWW-Authenticate", `Keystone uri="`+q.base+`/identity/"`)
			q.text(http.StatusUnauthorized, "401 Unauthorized\n\nThis server could not verify that you are authorized to access the document you requested.\n\n   ")
			return
		}
		h(c, q)
	}
}

func imageVersions(_ *Cloud, q *request) {
	q.reply(http.StatusMultipleChoices, map[string]any{"versions": []any{map[string]any{
		"id": "v2.15", "status": "CURRENT", "links": []link{{"self", q.base + "/image/v2/"}},
	}}})
}

func (c *Cloud) image(id string) *Image {
	for i := range c.o.Images {
		if c.o.Images[i].ID == id {
			return &c.o.Images[i]
		}
	}
	return nil
}

func (i Image) view() map[string]any {
	status := i.Status
	if status == "" {
		status = "active"
	}
	return map[string]any{
		"id": i.ID, "name": i.Name, "status": status, "visibility": "public", "disk_format": "raw", "container_format": "bare",
		"min_disk": i.MinDisk, "min_ram": i.MinRAM, "size": 1024, "virtual_size": 1024, "protected": false, "os_hidden": false,
		"owner": ProjectID, "tags": []any{}, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
		"self": "/v2/images/" + i.ID, "file": "/v2/images/" + i.ID + "/file", "schema": "/v2/schemas/image",
	}
}

// listImages filters by name, status and ID; a page has at most 25 images
// unless a limit says otherwise, as Glance's default is.
func listImages(c *Cloud, q *request) {
	query := q.URL.Query()
	limit := 25
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && n > 0 {
		limit = min(n, 1000)
	}
	first := "/v2/images"
	if q.URL.RawQuery != "" {
		first += "?" + q.URL.RawQuery
	}
	answer := map[string]any{"first": first, "schema": "/v2/schemas/images"}
	var found []map[string]any
	for _, i := range c.o.Images {
		if v := i.view(); imageMatches(v, query) {
			found = append(found, v)
		}
	}
	if marker := query.Get("marker"); marker != "" {
		i := slices.IndexFunc(found, func(v map[string]any) bool { return v["id"] == marker })
		found = found[i+1:]
	}
	if len(found) >= limit {
		found = found[:limit]
		id, _ := found[limit-1]["id"].(string)
		query.Set("marker", id)
		answer["next"] = "/v2/images?" + query.Encode()
	}
	answer["images"] = append([]map[string]any{}, found...)
	q.reply(http.StatusOK, answer)
}

func imageMatches(v map[string]any, query url.Values) bool {
	for _, key := range []string{"name", "status", "id", "visibility"} {
		if wanted := query.Get(key); wanted != "" && wanted != v[key] {
			return false
		}
	}
	return true
}

func showImage(c *Cloud, q *request) {
	id := q.PathValue("id")
	i := c.image(id)
	if i == nil {
		q.text(http.StatusNotFound, "404 Not Found\n\nNo image found with ID "+id+"\n\n   \n")
		return
	}
	q.reply(http.StatusOK, i.view())
}
