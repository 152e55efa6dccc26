package openstacktest

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// listServers answers GET /servers and /servers/detail: newest first, filtered,
// in pages.
func listServers(detail bool) handler {
	return func(c *Cloud, q *request) {
		query := q.URL.Query()
		keep, ok := c.serverFilter(q, query)
		if !ok {
			return
		}
		var found []*server
		for _, s := range slices.Backward(c.servers) {
			if keep(s) {
				found = append(found, s)
			}
		}
		if !sortServers(q, query, found) {
			return
		}
		page, next, ok := c.page(q, query, found)
		if !ok {
			return
		}
		views := make([]any, 0, len(page))
		for _, s := range page {
			if detail {
				views = append(views, c.serverView(q, s))
			} else {
				views = append(views, map[string]any{"id": s.id, "name": s.name, "links": q.computeLinks("servers", s.id)})
			}
		}
		q.listed = len(views)
		answer := map[string]any{"servers": views}
		if next != "" {
			answer["servers_links"] = []link{{"next", next}}
		}
		q.reply(http.StatusOK, answer)
	}
}

// The query keys that a project's user may send; from microversion 2.75 on
// others are refused, before they are passed over.
var serverQueryKeys = []string{
	"name", "status", "tags", "tags-any", "not-tags", "not-tags-any", "limit", "marker", "sort_key", "sort_dir",
	"image", "flavor", "ip", "ip6", "changes-since", "changes-before", "all_tenants", "reservation_id", "uuid",
	"user_id", "project_id", "tenant_id", "host", "deleted", "key_name", "power_state", "availability_zone", "locked",
	"config_drive", "description", "created_at", "display_name", "metadata", "vm_state", "task_state",
}

var serverStatuses = []string{
	"ACTIVE", "BUILD", "DELETED", "ERROR", "HARD_REBOOT", "MIGRATING", "PASSWORD", "PAUSED", "REBOOT", "REBUILD",
	"RESCUE", "RESIZE", "REVERT_RESIZE", "SHELVED", "SHELVED_OFFLOADED", "SHUTOFF", "SOFT_DELETED", "SUSPENDED",
	"UNKNOWN", "VERIFY_RESIZE",
}

// serverFilter reads the query; it writes the answer itself if the query is wrong.
func (c *Cloud) serverFilter(q *request, query url.Values) (func(*server) bool, bool) {
	for key := range query {
		if q.mv >= 75 && !slices.Contains(serverQueryKeys, key) && !strings.HasPrefix(key, "_") {
			badRequest(q, "%s does not match any of the regexes: '^_'", pyString(key))
			return nil, false
		}
	}
	if query.Has("all_tenants") {
		computeError(q, http.StatusForbidden, "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.")
		return nil, false
	}
	name, err := regexp.Compile("(?i)" + query.Get("name")) // the database compares without case
	if err != nil {
		badRequest(q, "Invalid input for query parameters name. Value: %[1]s. '%[1]s' is not a 'regex'", query.Get("name"))
		return nil, false
	}
	var statuses []string
	for _, s := range query["status"] {
		s = strings.ToUpper(s)
		if !slices.Contains(serverStatuses, s) {
			badRequest(q, "Invalid status value")
			return nil, false
		}
		statuses = append(statuses, s)
	}
	tags := tagFilter(q, query)
	return func(s *server) bool {
		if len(statuses) > 0 && !slices.Contains(statuses, s.status) {
			return false
		}
		// As Nova does below microversion 2.69 ([api] list_records_by_skipping_down_cells),
		// and with any filter above.
		return !s.down && name.MatchString(s.name) && tags(s)
	}, true
}

// tagFilter knows the four tag filters; before microversion 2.26 they are
// passed over.
func tagFilter(q *request, query url.Values) func(*server) bool {
	wanted := func(key string) []string {
		if q.mv < 26 || query.Get(key) == "" {
			return nil
		}
		return strings.Split(query.Get(key), ",")
	}
	all, some, notAll, notSome := wanted("tags"), wanted("tags-any"), wanted("not-tags"), wanted("not-tags-any")
	return func(s *server) bool {
		has := func(t string) bool { return slices.Contains(s.tags, t) }
		lacks := func(t string) bool { return !has(t) }
		return !slices.ContainsFunc(all, lacks) &&
			(some == nil || slices.ContainsFunc(some, has)) &&
			(notAll == nil || slices.ContainsFunc(notAll, lacks)) &&
			!slices.ContainsFunc(notSome, has)
	}
}

// sortServers knows the keys that matter to a test; the order is else by
// creation, newest first.
func sortServers(q *request, query url.Values, found []*server) bool {
	key := query.Get("sort_key")
	switch key {
	case "":
		return true
	case "created_at":
	case "display_name":
		slices.SortStableFunc(found, func(a, b *server) int { return strings.Compare(b.name, a.name) })
	case "uuid":
		slices.SortFunc(found, func(a, b *server) int { return strings.Compare(b.id, a.id) })
	default:
		badRequest(q, "Invalid input for query parameters sort_key. Value: %[1]s. '%[1]s' is not one of %[2]s", key, "['created_at', 'display_name', 'uuid']")
		return false
	}
	if query.Get("sort_dir") == "asc" {
		slices.Reverse(found)
	}
	return true
}

// page cuts the page that limit and marker ask for, and links to the next one
// when this one is full.
func (c *Cloud) page(q *request, query url.Values, found []*server) (page []*server, next string, ok bool) {
	limit := c.o.MaxLimit
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			badRequest(q, "Invalid input for query parameters limit. Value: %[1]s. '%[1]s' does not match '^[0-9]*$'", text)
			return nil, "", false
		}
		limit = min(limit, n)
	}
	if marker := query.Get("marker"); marker != "" {
		if c.server(marker) == nil {
			badRequest(q, "marker [%s] not found", marker)
			return nil, "", false
		}
		i := slices.IndexFunc(found, func(s *server) bool { return s.id == marker })
		found = found[i+1:]
	}
	page = found[:min(limit, len(found))]
	if len(page) == limit && limit > 0 {
		query.Set("marker", page[limit-1].id)
		next = q.base + q.URL.Path + "?" + query.Encode()
	}
	return page, next, true
}
