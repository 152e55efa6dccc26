package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// longNova answers lists of servers as Nova does: newest first, or in the order of a key,
// from behind the marker and up to the limit, with a link to the next page where this one
// is full.
type longNova struct {
	ids     []string // the oldest first
	ignores bool     // passes the key over
	upward  bool     // passes the direction over
	refuses bool     // answers a key with 400
	fails   string   // answers that direction with 500
}

func (n longNova) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	key, dir := query.Get("sort_key"), query.Get("sort_dir")
	if key != "" && (n.refuses || key != "uuid") {
		says(400, `{"badRequest": {"code": 400, "message": "Invalid input for query parameters sort_key."}}`)(w, r)
		return
	}
	if n.fails != "" && dir == n.fails {
		says(500, "")(w, r)
		return
	}
	ids := slices.Clone(n.ids)
	slices.Reverse(ids)
	if key != "" && !n.ignores {
		slices.Sort(ids)
		if dir == "desc" && !n.upward {
			slices.Reverse(ids)
		}
	}
	if marker := query.Get("marker"); marker != "" {
		ids = ids[slices.Index(ids, marker)+1:]
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		panic(err)
	}
	type link struct {
		Rel string `json:"rel"`
	}
	answer := map[string]any{}
	if len(ids) >= limit {
		ids = ids[:limit]
		answer["servers_links"] = []link{{"next"}}
	}
	servers := []map[string]any{}
	for _, id := range ids {
		at := slices.Index(n.ids, id)
		servers = append(servers, map[string]any{"id": id, "name": "n", "created": fmt.Sprintf("2026-11-22T%02d:%02d:%02dZ", at/3600, at/60%60, at%60)})
	}
	answer["servers"] = servers
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

// ids returns so many IDs, in no order.
func ids(count int) []string {
	out := make([]string, count)
	for i := range out {
		out[i] = fmt.Sprintf("%04d", i*7919%10007)
	}
	return out
}

// A list of many is whole by as few requests as can be, whatever was expected.
func TestALongListIsReadFromBothEnds(t *testing.T) {
	for _, row := range []struct {
		name     string
		nova     longNova
		about    int
		requests int
	}{
		{"few are expected, and there are few", longNova{ids: ids(5)}, 5, 1},
		{"few are expected, and there are more than a page", longNova{ids: ids(1001)}, 5, 2},
		{"one fewer than many", longNova{ids: ids(99)}, 99, 1},
		{"many", longNova{ids: ids(100)}, 100, 2},
		{"twice as many", longNova{ids: ids(200)}, 200, 2},
		{"nobody is left", longNova{}, 200, 2},
		{"all but one are gone", longNova{ids: ids(1)}, 200, 2},
		{"as many as one end reads", longNova{ids: ids(103)}, 200, 2},
		{"one more than one end reads", longNova{ids: ids(104)}, 200, 2},
		{"one fewer than both ends read", longNova{ids: ids(205)}, 200, 2},
		{"as many as both ends read", longNova{ids: ids(206)}, 200, 3},
		{"one more", longNova{ids: ids(207)}, 200, 3},
		{"half as many again", longNova{ids: ids(300)}, 200, 3},
		{"three times as many", longNova{ids: ids(600)}, 200, 6},
		{"a thousand", longNova{ids: ids(1001)}, 1001, 2},
		{"two pages", longNova{ids: ids(1999)}, 1999, 2},
		{"four pages", longNova{ids: ids(3500)}, 3500, 4},
		{"the key is refused", longNova{ids: ids(200), refuses: true}, 200, 3},
		{"the direction is passed over", longNova{ids: ids(300), upward: true}, 300, 3},
		{"the direction is passed over, for few", longNova{ids: ids(100), upward: true}, 300, 3},
		{"the key is passed over", longNova{ids: ids(300), ignores: true}, 300, 3},
		{"the key is passed over, more than a page", longNova{ids: ids(1001), ignores: true}, 1001, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": row.nova.list})
			nodes, err := a.client().ManyNodes(background, row.about, "t1")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range slices.Backward(nodes) {
				got = append(got, n.ID)
			}
			if !slices.Equal(got, row.nova.ids) {
				t.Errorf("%d servers, want all %d, the newest first", len(got), len(row.nova.ids))
			}
			asked := a.since(1)
			if len(asked) != row.requests {
				t.Errorf("%d requests, want %d:\n%s", len(asked), row.requests, a.lines())
			}
			for _, r := range asked {
				if !strings.Contains(r.line, "tags=t1") {
					t.Errorf("a request without the tag: %s", r.line)
				}
			}
		})
	}
}

// An end that can't be read makes the list an error, never a short answer.
func TestALongListIsWholeOrAnError(t *testing.T) {
	for _, end := range []string{"asc", "desc"} {
		a := newAPI(t, map[string]http.HandlerFunc{"GET /compute/v2.1/servers/detail": longNova{ids: ids(200), fails: end}.list})
		nodes, err := a.client().ManyNodes(background, 200, "t1")
		wantKind(t, err, cluster.FaultUnavailable, "list servers tagged t1")
		if nodes != nil {
			t.Errorf("%s: %d nodes, want none", end, len(nodes))
		}
	}
}
