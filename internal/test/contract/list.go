package contract

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
)

// family makes three servers for the list cases: newest last.
func (s *suite) family(t *testing.T) (ids []string) {
	t.Helper()
	for i, tags := range [][]string{{":x"}, {":x", ":y"}, {":y", ":z"}} {
		for k := range tags {
			tags[k] = s.prefix + tags[k]
		}
		ids = append(ids, s.create(t, object{"name": fmt.Sprintf("%s-list-%d", s.prefix, i), "tags": tags, "networks": "none"}))
	}
	for _, id := range ids {
		s.waitStatus(t, id, "ACTIVE")
	}
	t.Cleanup(func() {
		for _, id := range ids {
			s.remove(t, id)
		}
		for _, id := range ids {
			s.waitStatus(t, id, "")
		}
	})
	return ids
}

// names of the servers in a list, without the part that all have.
func (s *suite) names(a answer) []string {
	out := []string{}
	for _, x := range a.list("servers") {
		name, _ := at(x, "name").(string)
		out = append(out, name[min(len(name), len(s.prefix)+1):])
	}
	return out
}

var listCases = []testCase{
	{"list/filters", func(t *testing.T, s *suite) {
		s.family(t)
		p := s.prefix
		for _, row := range []struct {
			query, microversion string
			want                []string
		}{
			{"tags=" + p + ":x", "2.52", []string{"list-1", "list-0"}},
			{"tags=" + p + ":x," + p + ":y", "2.52", []string{"list-1"}},
			{"tags=" + p + ":x," + p + ":z", "2.52", []string{}},
			{"tags-any=" + p + ":x," + p + ":z", "2.52", []string{"list-2", "list-1", "list-0"}},
			{"tags=" + p + ":y&not-tags=" + p + ":z", "2.52", []string{"list-1"}},
			{"tags=" + p + ":none", "2.52", []string{}},
			{"tags=" + p + ":x&name=list-0", "2.52", []string{"list-0"}},
			{"name=^" + p + "-list-1$", "2.52", []string{"list-1"}},
			{"name=" + p + "-LIST-1", "2.52", []string{"list-1"}},
			{"name=" + p + "-list&status=ACTIVE", "2.52", []string{"list-2", "list-1", "list-0"}},
			{"name=" + p + "-list&status=active", "2.52", []string{"list-2", "list-1", "list-0"}},
			{"name=" + p + "-list&status=ERROR", "2.52", []string{}},
			{"name=" + p + "-list&status=ERROR&status=ACTIVE", "2.52", []string{"list-2", "list-1", "list-0"}},
			{"name=" + p + "-list&tags=" + p + ":z", "2.25", []string{"list-2", "list-1", "list-0"}},
			{"name=" + p + "-list&nonsense=1", "2.52", []string{"list-2", "list-1", "list-0"}},
		} {
			a := s.call(t, "compute", get, "/servers/detail?"+row.query, nil, row.microversion).is(t, 200)
			if got := s.names(a); !slices.Equal(sorted(got), sorted(row.want)) {
				t.Errorf("%s at %s: %v, want %v", row.query, row.microversion, got, row.want)
			}
		}
		for dir, want := range map[string][]string{"asc": {"list-0", "list-1", "list-2"}, "desc": {"list-2", "list-1", "list-0"}} {
			got := s.names(s.call(t, "compute", get, "/servers?sort_key=display_name&sort_dir="+dir+"&name="+p+"-list", nil).is(t, 200))
			if !slices.Equal(got, want) {
				t.Errorf("by name, %s: %v", dir, got)
			}
		}
	}},
	{"list/pages by limit and marker until there is no next link", func(t *testing.T, s *suite) {
		ids := s.family(t)
		path, seen := "/servers/detail?limit=2&name="+s.prefix+"-list", []string{}
		for pages := 1; path != ""; pages++ {
			a := s.call(t, "compute", get, path, nil).is(t, 200)
			for _, x := range a.list("servers") {
				seen = append(seen, at(x, "id").(string))
			}
			path = ""
			if len(a.list("servers_links")) > 0 {
				next, err := url.Parse(a.string("servers_links", 0, "href"))
				if err != nil || a.string("servers_links", 0, "rel") != "next" || next.Query().Get("marker") != seen[len(seen)-1] ||
					next.Query().Get("limit") != "2" || next.Query().Get("name") != s.prefix+"-list" {
					t.Fatalf("next link: %v", a.at("servers_links"))
				}
				path = "/servers/detail?" + next.RawQuery
			}
			if pages > 3 {
				t.Fatal("the pages do not end")
			}
		}
		slices.Sort(seen)
		slices.Sort(ids)
		if !slices.Equal(seen, ids) {
			t.Errorf("pages hold %v, want %v", seen, ids)
		}
	}},
	{"list/by ID from either end, in pages", func(t *testing.T, s *suite) {
		ids := slices.Sorted(slices.Values(s.family(t)))
		for _, row := range []struct {
			query string
			want  []string
			more  bool
		}{
			{"sort_key=uuid&sort_dir=asc&limit=2", ids[:2], true},
			{"sort_key=uuid&sort_dir=asc&limit=2&marker=" + ids[1], ids[2:], false},
			{"sort_key=uuid&sort_dir=desc&limit=2", []string{ids[2], ids[1]}, true},
			{"sort_key=uuid&sort_dir=desc&limit=2&marker=" + ids[1], ids[:1], false},
			{"sort_key=uuid&limit=3", []string{ids[2], ids[1], ids[0]}, true},
			{"sort_key=uuid&sort_dir=asc&limit=4&tags-any=" + s.prefix + ":x," + s.prefix + ":y", ids, false},
		} {
			a := s.call(t, "compute", get, "/servers/detail?"+row.query+"&name="+s.prefix+"-list", nil).is(t, 200)
			var got []string
			for _, x := range a.list("servers") {
				got = append(got, at(x, "id").(string))
			}
			if !slices.Equal(got, row.want) || (len(a.list("servers_links")) > 0) != row.more {
				t.Errorf("%s: %v, links %v, want %v, %t", row.query, got, a.at("servers_links"), row.want, row.more)
			}
		}
	}},
	{"list/a page that is exactly full links to an empty one", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/servers?limit=1&name="+s.prefix+"-base", nil).is(t, 200)
		if len(a.list("servers")) != 1 || a.string("servers_links", 0, "rel") != "next" {
			t.Fatalf("list: %s", clip(a.text))
		}
		a = s.call(t, "compute", get, "/servers?limit=1&name="+s.prefix+"-base&marker="+s.base, nil).is(t, 200)
		if len(a.list("servers")) != 0 || a.at("servers_links") != nil {
			t.Errorf("page after the last: %s", clip(a.text))
		}
	}},
	{"list/without detail: ID, name, links", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/servers?name="+s.prefix+"-base", nil).is(t, 200)
		server, _ := a.at("servers", 0).(object)
		if len(server) != 3 || server["id"] != s.base {
			t.Errorf("list: %s", clip(a.text))
		}
	}},
	{"list/detail has metadata and tags", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/servers/detail?tags="+s.baseTags[0]+","+s.baseTags[1], nil).is(t, 200)
		if len(a.list("servers")) != 1 || a.string("servers", 0, "metadata", "first") != "1" || len(a.list("servers", 0, "tags")) != 2 {
			t.Errorf("list: %s", clip(a.text))
		}
	}},
	{"list/refused queries", func(t *testing.T, s *suite) {
		for _, row := range []struct{ query, microversion, words string }{
			{"limit=-1", "2.52", "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'"},
			{"limit=x", "2.52", "Invalid input for query parameters limit. Value: x."},
			{"marker=" + noSuchID, "2.52", "marker [" + noSuchID + "] not found"},
			{"name=[", "2.52", "Invalid input for query parameters name. Value: [. '[' is not a 'regex'"},
			{"status=nonsense", "2.52", "Invalid status value"},
			{"sort_key=nonsense", "2.52", "Invalid input for query parameters sort_key. Value: nonsense. 'nonsense' is not one of ["},
			{"nonsense=1", "2.75", "'nonsense' does not match any of the regexes: '^_'"},
		} {
			s.call(t, "compute", get, "/servers?"+row.query, nil, row.microversion).says(t, 400, "badRequest", row.words)
		}
	}},
	{"list/limit 0 is empty, a limit above the maximum is lowered", func(t *testing.T, s *suite) {
		if n := len(s.call(t, "compute", get, "/servers?limit=0", nil).is(t, 200).list("servers")); n != 0 {
			t.Errorf("limit=0: %d servers", n)
		}
		s.call(t, "compute", get, "/servers?limit=5000", nil).is(t, 200)
	}},
}

// sorted is for comparing: servers made within one second come in any order.
func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return out
}
