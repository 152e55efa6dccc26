package cluster

import "testing"

func TestViewOf(t *testing.T) {
	d := sampleDocument(2)
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	frontEnd := Node{ID: "1", Name: "astro-frontend", Role: RoleFrontEnd, Metadata: items}
	torn := frontEnd
	torn.Metadata = WithDocument(items, nil)
	torn.Metadata[documentHead] = items[documentHead]
	bare := frontEnd
	bare.Metadata = nil
	worker := Node{ID: "2", Name: "astro-cpu-1", Role: RoleWorker}
	for _, row := range []struct {
		name   string
		nodes  Nodes
		has    bool
		failed bool
	}{
		{"nothing", nil, false, false},
		{"a worker alone", Nodes{worker}, false, false},
		{"a front-end without a document", Nodes{bare, worker}, false, false},
		{"a document of which chunks are missing", Nodes{torn, worker}, false, true},
		{"a cluster", Nodes{frontEnd, worker}, true, false},
	} {
		v, err := ViewOf(row.nodes)
		if v.HasDocument != row.has || (err != nil) != row.failed || len(v.Nodes) != len(row.nodes) {
			t.Errorf("%s: %d nodes, document %t, error %v", row.name, len(v.Nodes), v.HasDocument, err)
		}
		if row.has && v.Document.ID != d.ID {
			t.Errorf("%s: document of %q", row.name, v.Document.ID)
		}
	}
}

func TestKnownFillsInTheDocumentOfALostFrontEnd(t *testing.T) {
	last := Document{ID: "x", Generation: 7}
	frontEnd := Node{ID: "1", Role: RoleFrontEnd, Status: StatusActive}
	broken := frontEnd
	broken.Status = StatusError
	for _, row := range []struct {
		name string
		view View
		id   string
		want bool
	}{
		{"no front-end", View{}, "x", true},
		{"a broken one", View{Nodes: Nodes{broken}}, "x", true},
		{"one that works, without a document", View{Nodes: Nodes{frontEnd}}, "x", false},
		{"another cluster's document", View{}, "y", false},
	} {
		if v := row.view.Known(row.id, last); v.HasDocument != row.want || (v.Document.Generation == 7) != row.want {
			t.Errorf("%s: document %t of generation %d", row.name, v.HasDocument, v.Document.Generation)
		}
	}
}
