package contract

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func (s *suite) metadata(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return s.call(t, "compute", method, "/servers/"+s.base+"/metadata"+path, body)
}

// restore puts back what other cases expect.
func (s *suite) restore(t *testing.T) {
	t.Helper()
	s.metadata(t, http.MethodPut, "", object{"metadata": object{"first": "1"}}).is(t, 200)
}

func set(v object) object { return object{"metadata": v} }

func (a answer) holds(t *testing.T, want object) {
	t.Helper()
	got, _ := a.is(t, 200).at("metadata").(object)
	if !maps.Equal(got, want) {
		t.Errorf("%s: metadata %v, want %v", a.what, got, want)
	}
}

var metadataCases = []testCase{
	{"metadata/PUT replaces the set, POST adds to it", func(t *testing.T, s *suite) {
		defer s.restore(t)
		s.metadata(t, http.MethodPut, "", set(object{"a": "1", "b": ""})).holds(t, object{"a": "1", "b": ""})
		s.metadata(t, http.MethodPost, "", set(object{"c": "3", "a": "2"})).holds(t, object{"a": "2", "b": "", "c": "3"})
		s.metadata(t, get, "", nil).holds(t, object{"a": "2", "b": "", "c": "3"})
		s.metadata(t, http.MethodPut, "", set(object{})).holds(t, object{})
	}},
	{"metadata/one item", func(t *testing.T, s *suite) {
		defer s.restore(t)
		if a := s.metadata(t, http.MethodPut, "/k", object{"meta": object{"k": "v"}}).is(t, 200); a.string("meta", "k") != "v" {
			t.Errorf("item: %s", clip(a.text))
		}
		s.metadata(t, get, "/k", nil).is(t, 200)
		s.metadata(t, http.MethodPut, "/k", object{"meta": object{"other": "v"}}).says(t, 400, "badRequest", "Request body and URI mismatch")
		s.metadata(t, http.MethodDelete, "/k", nil).is(t, 204)
		s.metadata(t, http.MethodDelete, "/k", nil).says(t, 404, "itemNotFound", "Metadata item was not found")
		s.metadata(t, get, "/k", nil).says(t, 404, "itemNotFound", "Metadata item was not found")
	}},
	{"metadata/refused", func(t *testing.T, s *suite) {
		pattern := "does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{1,255}$'"
		for _, row := range []struct {
			body        any
			status      int
			name, words string
		}{
			{set(object{"a/b": "x"}), 400, "badRequest", "'a/b' " + pattern},
			{set(object{"": "x"}), 400, "badRequest", "'' " + pattern},
			{set(object{"ü": "x"}), 400, "badRequest", "'ü' " + pattern},
			{set(object{strings.Repeat("a", 256): "x"}), 400, "badRequest", pattern},
			{set(object{"a": strings.Repeat("x", 256)}), 400, "badRequest", "Invalid input for field/attribute a. Value: xxxx"},
			{set(object{"a": 1}), 400, "badRequest", "Invalid input for field/attribute a. Value: 1. 1 is not of type 'string'"},
			{set(object{"a": nil}), 400, "badRequest", "None is not of type 'string'"},
			{set(items(129)), 403, "forbidden", "Maximum number of metadata items exceeds 128"},
			{object{"x": object{}}, 400, "badRequest", "'metadata' is a required property"},
			{object{"metadata": object{}, "extra": 1}, 400, "badRequest", "Additional properties are not allowed ('extra' was unexpected)"},
			{"{bad", 400, "badRequest", "Malformed request body"},
		} {
			s.metadata(t, http.MethodPut, "", row.body).says(t, row.status, row.name, row.words)
		}
		s.metadata(t, get, "", nil).holds(t, object{"first": "1"})
	}},
	{"metadata/128 items fit, POST of the 129th is refused whole", func(t *testing.T, s *suite) {
		defer s.restore(t)
		s.metadata(t, http.MethodPut, "", set(items(128))).holds(t, items(128))
		s.metadata(t, http.MethodPost, "", set(object{"new": "x"})).says(t, 403, "forbidden", "Maximum number of metadata items exceeds 128")
		s.metadata(t, get, "", nil).holds(t, items(128))
	}},
	{"metadata/keys and values of 255, all characters of a key, non-ASCII values", func(t *testing.T, s *suite) {
		defer s.restore(t)
		v := object{strings.Repeat("k", 255): strings.Repeat("v", 255), "aZ0-_:. x": "ü€", "quotes": `"'\` + "\n"}
		s.metadata(t, http.MethodPut, "", set(v)).holds(t, v)
		s.metadata(t, get, "", nil).holds(t, v)
	}},
	{"metadata/a PUT is never torn", func(t *testing.T, s *suite) {
		defer s.restore(t)
		whole := func(g int) object {
			out := object{}
			for i := range 100 {
				out[fmt.Sprintf("k%d", i)] = fmt.Sprint(g)
			}
			return out
		}
		s.metadata(t, http.MethodPut, "", set(whole(0))).is(t, 200)
		var wg sync.WaitGroup
		wg.Go(func() {
			for g := 1; g <= 5; g++ {
				if a := s.metadata(t, http.MethodPut, "", set(whole(g))); a.status != 200 {
					t.Errorf("PUT: HTTP %d", a.status)
				}
			}
		})
		for range 10 {
			got, _ := s.metadata(t, get, "", nil).at("metadata").(object)
			g, _ := got["k0"].(string)
			for k, v := range got {
				if len(got) != 100 || v != g {
					t.Fatalf("torn: %d items, k0=%s, %s=%v", len(got), g, k, v)
				}
			}
		}
		wg.Wait()
	}},
}

var passwordCases = []testCase{
	{"password slot/empty, cleared, empty", func(t *testing.T, s *suite) {
		path := "/servers/" + s.base + "/os-server-password"
		for range 2 {
			a := s.call(t, "compute", get, path, nil).is(t, 200)
			if got, ok := a.at("password").(string); !ok || got != "" {
				t.Errorf("slot: %s", clip(a.text))
			}
			s.call(t, "compute", http.MethodDelete, path, nil).is(t, 204)
		}
	}},
}
