package cluster

import (
	"slices"
	"testing"
)

// Each row: what a server of another ID bears, and what it counts as.
func TestSplit(t *testing.T) {
	ready := map[string]string{MetaReady: "1", MetaCreatedBy: "here"}
	by := func(place string) map[string]string { return map[string]string{MetaCreatedBy: place} }
	for _, row := range []struct {
		name    string
		ref     Ref
		servers []map[string]string
		want    string
	}{
		{"unfinished, from here", Ref{CreatedBy: "here"}, []map[string]string{by("here"), by("here")}, "leftovers"},
		{"unfinished, from elsewhere", Ref{CreatedBy: "here"}, []map[string]string{by("there")}, "strangers"},
		{"unfinished, partly from elsewhere", Ref{CreatedBy: "here"}, []map[string]string{by("here"), by("there")}, "strangers"},
		{"finished, from here", Ref{CreatedBy: "here"}, []map[string]string{by("here"), ready}, "strangers"},
		{"abandoned", Ref{CreatedBy: "here", Abandoned: "theirs"}, []map[string]string{by("there")}, "leftovers"},
		{"abandoned, but finished", Ref{CreatedBy: "here", Abandoned: "theirs"}, []map[string]string{ready}, "strangers"},
		{"another is abandoned", Ref{CreatedBy: "here", Abandoned: "others"}, []map[string]string{by("there")}, "strangers"},
		{"no place is known", Ref{}, []map[string]string{{}}, "strangers"},
		{"made by no apply", Ref{CreatedBy: "here"}, []map[string]string{{}}, "strangers"},
	} {
		nodes := Nodes{{ID: "0", ClusterID: "ours", Metadata: ready}}
		for range 2 { // those of the other cluster lie around
			for _, m := range row.servers {
				nodes = append(nodes, Node{ID: "1", ClusterID: "theirs", Metadata: m})
			}
			slices.Reverse(nodes)
		}
		row.ref.ID = "ours"
		ours, leftovers, strangers := row.ref.Split(nodes)
		if len(ours) != 1 || ours[0].ID != "0" {
			t.Errorf("%s: ours are %v", row.name, ours)
		}
		if got := len(leftovers); got != 0 && got != len(nodes)-1 || (got > 0) != (row.want == "leftovers") {
			t.Errorf("%s: %d of %d are leftovers", row.name, got, len(nodes)-1)
		}
		if got := len(strangers); (got > 0) != (row.want == "strangers") || len(leftovers)+got != len(nodes)-1 {
			t.Errorf("%s: %d of %d are strangers", row.name, got, len(nodes)-1)
		}
	}
}

func TestIsID(t *testing.T) {
	for text, want := range map[string]bool{
		"0f8a7f6e-0000-4000-8000-000000000001": true, "af8a7f6e-0000-4000-8000-00000000000f": true,
		"astro": false, "": false, "0f8a7f6e-0000-4000-8000-00000000001": false, "0f8a7f6e000040008000000000000001": false,
	} {
		if IsID(text) != want {
			t.Errorf("IsID(%q) is %t", text, !want)
		}
	}
}

func TestClusters(t *testing.T) {
	var got [][]string
	for _, nodes := range (Nodes{{Name: "a", ClusterID: "2"}, {Name: "b", ClusterID: "1"}, {Name: "c", ClusterID: "2"}}).Clusters() {
		got = append(got, nodes.Names())
	}
	if len(got) != 2 || !slices.Equal(got[0], []string{"a", "c"}) || !slices.Equal(got[1], []string{"b"}) {
		t.Errorf("clusters %v", got)
	}
}

// Any user of the project can write tags, and messages hold what they say.
func TestTagsOfOthers(t *testing.T) {
	for id, ours := range map[string]bool{
		"0f8a7f6e-0000-4000-8000-000000000001": true, "x": true, "": false, "$(reboot)": false, "a b": false, "a\nb": false, "a;b": false,
	} {
		var n Node
		if got := ReadTags(&n, Tags(id, "astro", RoleWorker, "cpu")); got != ours || (n.ClusterID == id) != (ours || id == "") {
			t.Errorf("ID %q: a node of a cluster: %t, of %q", id, got, n.ClusterID)
		}
	}
	for name, want := range map[string]string{"astro": "astro", "Astro": "", "a\x1b[2J": "", "": ""} {
		var n Node
		ReadTags(&n, Tags("x", name, RoleWorker, "cpu"))
		if n.ClusterName != want {
			t.Errorf("name %q is read as %q", name, n.ClusterName)
		}
	}
}
