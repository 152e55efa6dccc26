package openstacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// tagged lets tag calls through from microversion 2.26 on.
func tagged(h func(c *Cloud, q *request, s *server)) handler {
	found := ofServerOr("has no mapping to a cell.", h)
	return func(c *Cloud, q *request) {
		if q.mv < 26 {
			computeError(q, http.StatusNotFound, "The resource could not be found.")
			return
		}
		found(c, q)
	}
}

func listTags(_ *Cloud, q *request, s *server) {
	q.reply(http.StatusOK, map[string]any{"tags": append([]string{}, s.tags...)})
}

func replaceTags(c *Cloud, q *request, s *server) {
	raw, ok := onlyMember(q, "tags")
	if !ok || !checkTags(q, raw) {
		return
	}
	var tags []string
	if err := json.Unmarshal(raw, &tags); err != nil {
		badRequest(q, "Malformed request body")
		return
	}
	if unfit(q, s, "update tags") {
		return
	}
	s.tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	listTags(c, q, s)
}

func clearTags(_ *Cloud, q *request, s *server) {
	if unfit(q, s, "delete tags") {
		return
	}
	s.tags = nil
	q.empty(http.StatusNoContent)
}

func checkTag(_ *Cloud, q *request, s *server) {
	if t := q.PathValue("tag"); !slices.Contains(s.tags, t) {
		computeError(q, http.StatusNotFound, fmt.Sprintf("Server %s has no tag '%s'", s.id, t))
		return
	}
	q.empty(http.StatusNoContent)
}

func addTag(_ *Cloud, q *request, s *server) {
	t := q.PathValue("tag")
	raw, err := json.Marshal(t)
	if err != nil || !checkTagText(q, "tag", raw) || unfit(q, s, "update tag") {
		return
	}
	switch {
	case slices.Contains(s.tags, t):
		q.empty(http.StatusNoContent)
	case len(s.tags) >= maxTags:
		badRequest(q, "The number of tags exceeded the per-server limit %d", maxTags)
	default:
		s.tags = slices.Sorted(slices.Values(append(slices.Clone(s.tags), t)))
		q.empty(http.StatusCreated)
	}
}

func deleteTag(_ *Cloud, q *request, s *server) {
	t := q.PathValue("tag")
	if unfit(q, s, "delete tag") {
		return
	}
	if !slices.Contains(s.tags, t) {
		computeError(q, http.StatusNotFound, fmt.Sprintf("Instance %s has no tag '%s'", s.id, t))
		return
	}
	s.tags = slices.DeleteFunc(slices.Clone(s.tags), func(have string) bool { return have == t })
	q.empty(http.StatusNoContent)
}
