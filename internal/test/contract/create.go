package contract

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// refused is a create call that must not make a server.
type refused struct {
	name         string
	more         object
	microversion string
	status       int
	kind, words  string
}

func many(n int, format string) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(format, i))
	}
	return out
}

func items(n int) object {
	out := object{}
	for i := range n {
		out[fmt.Sprintf("k%d", i)] = "x"
	}
	return out
}

var refusals = []refused{
	{"networks are mandatory from 2.37 on", object{"networks": nil}, "2.37", 400, "badRequest", "'networks' is a required property"},
	{"no name", object{"name": nil}, "2.52", 400, "badRequest", "'name' is a required property"},
	{"empty name", object{"name": ""}, "2.52", 400, "badRequest", "Invalid input for field/attribute name. Value: . "},
	{"name of 256", object{"name": strings.Repeat("a", 256)}, "2.52", 400, "badRequest", "is too long"},
	{"unknown image", object{"imageRef": noSuchID}, "2.52", 400, "badRequest", "Can not find requested image"},
	{"image by name", object{"imageRef": "x"}, "2.52", 400, "badRequest", "Invalid input for field/attribute imageRef. Value: x."},
	{"no image", object{"imageRef": nil}, "2.52", 400, "badRequest", "Missing imageRef attribute"},
	{"unknown flavor", object{"flavorRef": "nosuch"}, "2.52", 400, "badRequest", "Flavor nosuch could not be found."},
	{"unknown network", object{"networks": []any{object{"uuid": noSuchID}}}, "2.52", 400, "badRequest", "Network " + noSuchID + " could not be found."},
	{"network by name", object{"networks": []any{object{"uuid": "x"}}}, "2.52", 400, "badRequest", "Invalid input for field/attribute networks."},
	{"unknown port", object{"networks": []any{object{"port": noSuchID}}}, "2.52", 400, "badRequest", "Port id " + noSuchID + " could not be found."},
	{
		"unknown security group", object{"security_groups": []any{object{"name": "nosuch"}}}, "2.52", 400, "badRequest",
		"Unable to find security_group with name or id 'nosuch'",
	},
	{"unknown key pair", object{"key_name": "nosuch-key"}, "2.52", 400, "badRequest", "Invalid key_name provided."},
	{"unknown availability zone", object{"availability_zone": "nosuch"}, "2.52", 400, "badRequest", "The requested availability zone is not available"},
	{"user data of 65,536 characters", object{"user_data": strings.Repeat("A", 65536)}, "2.52", 400, "badRequest", "is too long"},
	{"user data: the field is named", object{"user_data": strings.Repeat("A", 65536)}, "2.52", 400, "badRequest", "Invalid input for field/attribute user_data."},
	{"tags before 2.52", object{"tags": []string{"a"}}, "2.51", 400, "badRequest", "Additional properties are not allowed ('tags' was unexpected)"},
	{"tag with a slash", object{"tags": []string{"a/b"}}, "2.52", 400, "badRequest", "'a/b' does not match '^[^,/]*$'"},
	{"tag with a comma", object{"tags": []string{"a,b"}}, "2.52", 400, "badRequest", "'a,b' does not match '^[^,/]*$'"},
	{"tag of 61", object{"tags": []string{strings.Repeat("a", 61)}}, "2.52", 400, "badRequest", "Invalid input for field/attribute 0. Value: aaaa"},
	{"51 tags", object{"tags": many(51, "t%d")}, "2.52", 400, "badRequest", "Invalid input for field/attribute tags. Value: ['t0', 't1', "},
	{
		"metadata key with a slash", object{"metadata": object{"a/b": "x"}}, "2.52", 400, "badRequest",
		"Invalid input for field/attribute metadata. Value: {'a/b': 'x'}. 'a/b' does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{1,255}$'",
	},
	{"metadata value of 256", object{"metadata": object{"a": strings.Repeat("x", 256)}}, "2.52", 400, "badRequest", "Invalid input for field/attribute a."},
	{"metadata value that is a number", object{"metadata": object{"a": 1}}, "2.52", 400, "badRequest", "1 is not of type 'string'"},
	{"metadata that is a list", object{"metadata": []any{}}, "2.52", 400, "badRequest", "is not of type 'object'"},
	{"129 metadata items", object{"metadata": items(129)}, "2.52", 403, "forbidden", "Maximum number of metadata items exceeds 128"},
	{"unknown key", object{"nonsense": 1}, "2.52", 400, "badRequest", "Additional properties are not allowed ('nonsense' was unexpected)"},
	{"personality from 2.57 on", object{"personality": []any{}}, "2.57", 400, "badRequest", "('personality' was unexpected)"},
}

func (r refused) run(t *testing.T, s *suite) {
	s.call(t, "compute", http.MethodPost, "/servers", s.wish(r.more), r.microversion).says(t, r.status, r.kind, r.words)
}

var createCases = append(refusalCases(), []testCase{
	{"create/malformed JSON is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", "{bad").says(t, 400, "badRequest", "Malformed request body")
	}},
	{"create/no server is 400", func(t *testing.T, s *suite) {
		s.call(t, "compute", http.MethodPost, "/servers", object{"x": 1}).says(t, 400, "badRequest", "'server' is a required property")
	}},
	{"create/more than the quota is 403 and makes nothing", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", get, "/limits", nil).is(t, 200)
		most, _ := a.at("limits", "absolute", "maxTotalInstances").(float64)
		used, _ := a.at("limits", "absolute", "totalInstancesUsed").(float64)
		if most < 0 {
			t.Log("the project has no limit of instances: nothing to exceed")
			return
		}
		n := int(most-used) + 1
		s.call(t, "compute", http.MethodPost, "/servers", s.wish(object{"name": s.prefix + "-quota", "min_count": n})).
			says(t, 403, "forbidden", "Quota exceeded for ")
		if left := s.call(t, "compute", get, "/servers?name="+s.prefix+"-quota", nil).is(t, 200).list("servers"); len(left) != 0 {
			t.Errorf("%d servers of a refused call", len(left))
		}
	}},
	{"create/65,535 characters of user data and 50 tags are taken", func(t *testing.T, s *suite) {
		data := base64.StdEncoding.EncodeToString(make([]byte, 49149))
		id := s.create(t, object{"user_data": data, "tags": many(50, "t%d"), "metadata": items(128), "networks": "none", "security_groups": nil})
		if n := len(s.show(t, id).is(t, 200).list("server", "tags")); n != 50 {
			t.Errorf("%d tags", n)
		}
		s.remove(t, id)
	}},
	{"create/a name may be taken twice", func(t *testing.T, s *suite) {
		name := s.prefix + "-twin"
		a, b := s.create(t, object{"name": name, "networks": "none"}), s.create(t, object{"name": name, "networks": "none"})
		if a == b {
			t.Error("the same server")
		}
		if n := len(s.call(t, "compute", get, "/servers?name=^"+name+"$", nil).is(t, 200).list("servers")); n != 2 {
			t.Errorf("%d servers of that name", n)
		}
		s.remove(t, a)
		s.remove(t, b)
	}},
	{"create/the answer has ID, links, security groups", func(t *testing.T, s *suite) {
		a := s.call(t, "compute", http.MethodPost, "/servers", s.wish(object{"tags": []string{}})).is(t, 202)
		id := a.string("server", "id")
		if !strings.HasSuffix(a.header.Get("Location"), "/servers/"+id) || a.string("server", "security_groups", 0, "name") != s.SecurityGroup {
			t.Errorf("create: %v %s", a.header, clip(a.text))
		}
		s.remove(t, id)
	}},
}...)

func refusalCases() []testCase {
	var out []testCase
	for _, r := range refusals {
		out = append(out, testCase{"create refuses/" + r.name, r.run})
	}
	return out
}
