package cluster

import (
	"reflect"
	"testing"
)

func TestHomonyms(t *testing.T) {
	for _, row := range []struct {
		cluster, group string
		want           []Homonym
	}{
		{"astro", "cpu", nil},
		{"a", "b-c", []Homonym{{"b-c", "a-b", "c"}}},
		{"a-b", "c", []Homonym{{"c", "a", "b-c"}}},
		{"a-b", "c-d", []Homonym{{"c-d", "a", "b-c-d"}, {"c-d", "a-b-c", "d"}}},
		{"a-1", "b", nil}, // a group's name begins with a letter
		{"a", "b-2", nil},
		{"a", "b--c", nil}, // a cluster's name ends with no hyphen
	} {
		got := Homonyms(row.cluster, row.group)
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s, %s: %v, want %v", row.cluster, row.group, got, row.want)
		}
		for _, h := range got {
			if h.Name() != WorkerName(row.cluster, row.group, 1) || GroupOf(h.OtherCluster, h.Name()) != h.OtherGroup {
				t.Errorf("%v: %s", h, h.Name())
			}
		}
	}
}
