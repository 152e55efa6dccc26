package openstacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

func listMetadata(_ *Cloud, q *request, s *server) {
	q.reply(http.StatusOK, map[string]any{"metadata": s.metadata})
}

// onlyMember reads a body of one member; it answers itself when there is
// another or none.
func onlyMember(q *request, name string) (json.RawMessage, bool) {
	body, ok := decode(q.body)
	if !ok {
		badRequest(q, "Malformed request body")
		return nil, false
	}
	raw, ok := body[name]
	if !ok {
		badRequest(q, "%s is a required property", pyString(name))
		return nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if key != name {
			badRequest(q, "Additional properties are not allowed (%s was unexpected)", pyString(key))
			return nil, false
		}
	}
	return raw, true
}

// putMetadata sets the whole set (PUT) or adds to it (POST); the answer is the
// set that the server then has.
func putMetadata(replace bool) func(*Cloud, *request, *server) {
	return func(c *Cloud, q *request, s *server) {
		raw, ok := onlyMember(q, "metadata")
		if !ok || !c.checkMetadata(q, raw) {
			return
		}
		next := map[string]string{}
		if !replace {
			maps.Copy(next, s.metadata)
		}
		if err := json.Unmarshal(raw, &next); err != nil {
			badRequest(q, "Malformed request body")
			return
		}
		if isLocked(q, s) || unfit(q, s, "update metadata") || !c.checkMetadataCount(q, len(next)) {
			return
		}
		s.setMetadata(q, next)
		q.reply(http.StatusOK, map[string]any{"metadata": next})
	}
}

// setMetadata replaces the map as a whole: what was handed out stays as it was.
func (s *server) setMetadata(q *request, next map[string]string) {
	s.metadata, s.updated = next, q.now
}

func showMetadata(_ *Cloud, q *request, s *server) {
	key := q.PathValue("key")
	v, ok := s.metadata[key]
	if !ok {
		computeError(q, http.StatusNotFound, "Metadata item was not found")
		return
	}
	q.reply(http.StatusOK, map[string]any{"meta": map[string]string{key: v}})
}

func putMetadataItem(c *Cloud, q *request, s *server) {
	raw, ok := onlyMember(q, "meta")
	if !ok || !c.checkMetadata(q, raw) {
		return
	}
	var item map[string]string
	key := q.PathValue("key")
	if err := json.Unmarshal(raw, &item); err != nil || len(item) != 1 {
		badRequest(q, "Request body contains too many items")
		return
	}
	if _, ok := item[key]; !ok {
		badRequest(q, "Request body and URI mismatch")
		return
	}
	next := maps.Clone(s.metadata)
	maps.Copy(next, item)
	if isLocked(q, s) || unfit(q, s, "update metadata") || !c.checkMetadataCount(q, len(next)) {
		return
	}
	s.setMetadata(q, next)
	q.reply(http.StatusOK, map[string]any{"meta": item})
}

func deleteMetadata(_ *Cloud, q *request, s *server) {
	key := q.PathValue("key")
	if _, ok := s.metadata[key]; !ok {
		computeError(q, http.StatusNotFound, "Metadata item was not found")
		return
	}
	if isLocked(q, s) || unfit(q, s, "delete metadata") {
		return
	}
	next := maps.Clone(s.metadata)
	delete(next, key)
	s.setMetadata(q, next)
	q.empty(http.StatusNoContent)
}

// tagged lets tag calls through from microversion 2.26 on.
func tagged(h func(c *Cloud, q *request, s *server)) handler {
	return func(c *Cloud, q *request) {
		if q.mv < 26 {
			computeError(q, http.StatusNotFound, "The resource could not be found.")
			return
		}
		id := q.PathValue("id")
		s := c.server(id)
		if s == nil {
			computeError(q, http.StatusNotFound, "Instance "+id+" has no mapping to a cell.")
			return
		}
		if s.down {
			unexpected(q, "nova.exception.NovaException")
			return
		}
		h(c, q, s)
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
