package openstacktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

func (q *request) flavorView(f Flavor, detail bool) map[string]any {
	v := map[string]any{"id": f.ID, "name": f.Name, "links": q.computeLinks("flavors", f.ID)}
	if !detail {
		return v
	}
	for k, x := range map[string]any{
		"ram": f.RAM, "disk": f.Disk, "vcpus": f.VCPUs, "swap": "", "rxtx_factor": json.RawMessage("1.0"), "OS-FLV-EXT-DATA:ephemeral": 0,
		"OS-FLV-DISABLED:disabled": false, "os-flavor-access:is_public": true,
	} {
		v[k] = x
	}
	if q.mv >= 55 {
		v["description"] = nil
	}
	if q.mv >= 61 {
		v["extra_specs"] = map[string]string{}
	}
	if q.mv >= 75 {
		v["swap"] = 0
	}
	return v
}

func listFlavors(detail bool) handler {
	return func(c *Cloud, q *request) {
		query := q.URL.Query()
		found := c.o.Flavors
		if marker := query.Get("marker"); marker != "" {
			i := slices.IndexFunc(found, func(f Flavor) bool { return f.ID == marker })
			if i < 0 {
				badRequest(q, "marker [%s] not found", marker)
				return
			}
			found = found[i+1:]
		}
		limit := c.o.MaxLimit
		if n, err := strconv.Atoi(query.Get("limit")); err == nil && n >= 0 {
			limit = min(limit, n)
		}
		answer := map[string]any{}
		page := found[:min(limit, len(found))]
		if len(page) == limit && limit > 0 {
			query.Set("marker", page[limit-1].ID)
			answer["flavors_links"] = []link{{"next", q.base + q.URL.Path + "?" + query.Encode()}}
		}
		views := make([]any, 0, len(page))
		for _, f := range page {
			views = append(views, q.flavorView(f, detail))
		}
		answer["flavors"] = views
		q.reply(http.StatusOK, answer)
	}
}

func showFlavor(c *Cloud, q *request) {
	id := q.PathValue("id")
	for _, f := range c.o.Flavors {
		if f.ID == id {
			q.reply(http.StatusOK, map[string]any{"flavor": q.flavorView(f, true)})
			return
		}
	}
	computeError(q, http.StatusNotFound, "Flavor "+id+" could not be found.")
}

func showExtraSpecs(_ *Cloud, q *request) {
	q.reply(http.StatusOK, map[string]any{"extra_specs": map[string]string{}})
}
