package actuate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// provisioner notes the nodes that each reading gets as known.
type provisioner struct {
	provision.Provisioner
	nodes  cluster.Nodes
	err    error
	asked  []string // by each read, the names known before
	remove error
}

func (p *provisioner) Read(_ context.Context, _ string, known cluster.Nodes) (cluster.View, error) {
	p.asked = append(p.asked, strings.Join(known.Names(), " "))
	return cluster.View{Nodes: p.nodes, HasDocument: true}, p.err
}

func (p *provisioner) RemoveWorkers(context.Context, string, []string, []string) error {
	return p.remove
}

// Each reading asks for the nodes of the one before, because a list omits those of a cell
// that is down. It does not ask for workers that this actuator has removed.
func TestNovaRemembersTheNodesItSaw(t *testing.T) {
	p := &provisioner{nodes: cluster.Nodes{{Name: "astro-frontend"}, {Name: "astro-cpu-1"}, {Name: "astro-cpu-2"}}}
	nova := actuate.NewNova("astro", p)
	read := func() {
		if _, err := nova.Read(t.Context()); !errors.Is(err, p.err) {
			t.Fatal(err)
		}
	}
	read()
	p.err = errors.New("the cell is down")
	read()
	p.err = nil
	if err := nova.Remove(t.Context(), "id", []string{"astro-cpu-2"}, nil); err != nil {
		t.Fatal(err)
	}
	read()
	p.remove = errors.New("no answer")
	if err := nova.Remove(t.Context(), "id", []string{"astro-cpu-1"}, nil); err == nil {
		t.Fatal("no error")
	}
	read()
	want := []string{"", "astro-frontend astro-cpu-1 astro-cpu-2", "astro-frontend astro-cpu-1", "astro-frontend astro-cpu-1 astro-cpu-2"}
	if strings.Join(p.asked, "|") != strings.Join(want, "|") {
		t.Errorf("asked for %q, want %q", p.asked, want)
	}
}

// A scaler that waits leaves the front-end's report in its slot. Readings that take the
// report know the nodes that the other readings saw.
func TestNovaLeavesReports(t *testing.T) {
	takes, looks := &provisioner{nodes: cluster.Nodes{{Name: "a"}}}, &provisioner{nodes: cluster.Nodes{{Name: "b"}}}
	nova := actuate.NewNova("astro", takes).Looking(looks)
	for _, keep := range []bool{true, true, false, true} {
		nova.KeepReports(keep)
		if _, err := nova.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(looks.asked, "|") + " " + strings.Join(takes.asked, "|"); got != "|b|a b" {
		t.Errorf("looked and took, knowing %q", got)
	}
}
