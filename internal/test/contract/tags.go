package contract

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (s *suite) tags(t *testing.T, method, path string, body any, microversion ...string) answer {
	t.Helper()
	return s.call(t, "compute", method, "/servers/"+s.base+"/tags"+path, body, microversion...)
}

func (a answer) tagsAre(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, x := range a.is(t, 200).list("tags") {
		got = append(got, x.(string))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: tags %v, want %v", a.what, got, want)
	}
}

var tagCases = []testCase{
	{"tags/set, read, cleared", func(t *testing.T, s *suite) {
		defer s.tags(t, http.MethodPut, "", object{"tags": s.baseTags})
		s.tags(t, get, "", nil).tagsAre(t, s.baseTags...)
		s.tags(t, http.MethodPut, "", object{"tags": []string{"x", "y"}}).tagsAre(t, "x", "y")
		s.tags(t, http.MethodDelete, "", nil).is(t, 204)
		s.tags(t, get, "", nil).tagsAre(t)
	}},
	{"tags/one tag", func(t *testing.T, s *suite) {
		s.tags(t, http.MethodPut, "/w", nil).is(t, 201)
		s.tags(t, http.MethodPut, "/w", nil).is(t, 204)
		s.tags(t, get, "/w", nil).is(t, 204)
		s.tags(t, http.MethodDelete, "/w", nil).is(t, 204)
		s.tags(t, http.MethodDelete, "/w", nil).says(t, 404, "itemNotFound", "has no tag 'w'")
		s.tags(t, get, "/w", nil).says(t, 404, "itemNotFound", "has no tag 'w'")
	}},
	{"tags/refused", func(t *testing.T, s *suite) {
		for words, body := range map[string]object{
			"'x/y' does not match '^[^,/]*$'":                        {"tags": []string{"x/y"}},
			"Invalid input for field/attribute 0. Value: xxxx":       {"tags": []string{strings.Repeat("x", 61)}},
			"Invalid input for field/attribute tags. Value: ['t0', ": {"tags": many(51, "t%d")},
			"'tags' is a required property":                          {"x": []string{}},
		} {
			s.tags(t, http.MethodPut, "", body).says(t, 400, "badRequest", words)
		}
	}},
	{"tags/unknown before 2.26", func(t *testing.T, s *suite) {
		s.tags(t, get, "", nil, "2.25").is(t, 404)
	}},
	{"tags/of an unknown server", func(t *testing.T, s *suite) {
		s.call(t, "compute", get, "/servers/"+noSuchID+"/tags", nil).is(t, 404)
	}},
}
