package cluster

import (
	"slices"
	"testing"
	"time"
)

func TestVictims(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 12, minute, 0, 0, time.UTC) }
	workers := Nodes{
		{Name: "a-cpu-1", Created: at(0)},
		{Name: "a-cpu-2", Created: at(5)},
		{Name: "a-cpu-3", Created: at(1), Status: StatusError},
		{Name: "a-cpu-4", Created: at(2)},
	}
	none := func(string) bool { return false }
	cases := []struct {
		name    string
		n       int
		retire  []string
		leaving func(string) bool
		want    []string
	}{
		{"none when none must go", 0, nil, none, nil},
		{"none when the group shall grow", -2, nil, none, nil},
		{"broken before the newest", 2, nil, none, []string{"a-cpu-3", "a-cpu-2"}},
		{"those to retire first, whatever their age", 1, []string{"a-cpu-1"}, none, []string{"a-cpu-1"}},
		{"retire only as many as leave", 1, []string{"a-cpu-1", "a-cpu-2"}, none, []string{"a-cpu-2"}},
		{"names that do not exist are passed over", 1, []string{"a-cpu-9"}, none, []string{"a-cpu-3"}},
		{"those leaving already before broken ones", 2, nil, func(n string) bool { return n == "a-cpu-4" }, []string{"a-cpu-4", "a-cpu-3"}},
		{"all when more are asked for than there are", 9, nil, none, []string{"a-cpu-3", "a-cpu-2", "a-cpu-4", "a-cpu-1"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got := Victims(workers, tc.n, tc.retire, tc.leaving).Names()
			if !slices.Equal(got, tc.want) && len(got)+len(tc.want) > 0 {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestFrontEnd(t *testing.T) {
	fe := func(id string, s Status, minute int) Node {
		return Node{ID: id, Role: RoleFrontEnd, Status: s, Created: time.Date(2026, 1, 1, 12, minute, 0, 0, time.UTC)}
	}
	cases := []struct {
		name  string
		nodes Nodes
		want  string
	}{
		{"none", Nodes{{ID: "w", Role: RoleWorker}}, ""},
		{"the older of two", Nodes{fe("b", StatusActive, 2), fe("a", StatusActive, 1)}, "a"},
		{"the whole one of two", Nodes{fe("a", StatusError, 1), fe("b", StatusActive, 2)}, "b"},
		{"a broken one is better than none", Nodes{fe("a", StatusError, 1)}, "a"},
		{"a deleted one is none", Nodes{fe("a", StatusDeleted, 1)}, ""},
	}
	for _, tc := range cases {
		if got, ok := tc.nodes.FrontEnd(); got.ID != tc.want || ok != (tc.want != "") {
			t.Errorf("%s: %q", tc.name, got.ID)
		}
	}
}
