package openstacktest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

func listMetadata(_ *Cloud, q *request, s *server) {
	q.reply(http.StatusOK, map[string]any{"metadata": s.metadata})
}

// onlyMember reads a body of one member; it writes the answer itself if there is
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
