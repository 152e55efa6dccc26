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

// provisioner notes the nodes that each call gets as known.
type provisioner struct {
	provision.Steps
	nodes   cluster.Nodes
	err     error
	asked   []string // by each read, the names known before
	known   []string // by each Forget
	kept    []bool   // by each reading of the report
	retired provision.Retired
	posted  provision.Posted
	orders  []provision.Order
}

func (p *provisioner) ReadNodes(_ context.Context, _ string, known cluster.Nodes) (cluster.View, error) {
	p.asked = append(p.asked, strings.Join(known.Names(), " "))
	return cluster.View{Nodes: p.nodes, HasDocument: true}, p.err
}

func (p *provisioner) ReadReport(_ context.Context, v cluster.View, keep bool) (cluster.View, error) {
	p.kept = append(p.kept, keep)
	return v, nil
}

func (p *provisioner) RequestDeletion(context.Context, cluster.Ref, []string, []string) (provision.Retired, error) {
	return p.retired, nil
}

func (p *provisioner) Forget(_ context.Context, _ cluster.Ref, names []string, known cluster.Nodes) ([]string, error) {
	p.known = append(p.known, strings.Join(known.Names(), " "))
	if p.err != nil {
		return nil, p.err
	}
	return names, nil
}

func (p *provisioner) Post(_ context.Context, _ cluster.Ref, orders []provision.Order) (provision.Posted, error) {
	p.orders = orders
	return p.posted, p.err
}

// Each reading asks for the nodes of the one before, because a list omits those of a cell
// that is down: also for those whose deletion was accepted, until they are seen to be
// gone.
func TestNovaRemembersTheNodesItSaw(t *testing.T) {
	p := &provisioner{nodes: cluster.Nodes{{ID: "f", Name: "astro-frontend"}, {ID: "1", Name: "astro-cpu-1"}, {ID: "2", Name: "astro-cpu-2"}}}
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
	locked := errors.New("it is locked")
	lost := &cluster.CloudError{Kind: cluster.FaultUnavailable, Message: "connection reset"}
	p.retired = provision.Retired{Unknown: []provision.Refusal{{Name: "astro-cpu-2", Err: lost}}, Refused: []provision.Refusal{{Name: "astro-cpu-1", Err: locked}}}
	accepted, err := nova.Remove(t.Context(), "id", []string{"astro-cpu-1", "astro-cpu-2"}, nil)
	if strings.Join(accepted, " ") != "astro-cpu-2" || !errors.Is(err, locked) || !errors.Is(err, lost) || !strings.Contains(err.Error(), "astro-cpu-1 is still there") {
		t.Errorf("accepted %v, %v", accepted, err)
	}
	p.nodes = p.nodes[:2]
	read()
	read()
	all := "astro-frontend astro-cpu-1 astro-cpu-2"
	want := []string{"", all, all, "astro-frontend astro-cpu-1"}
	if strings.Join(p.asked, "|") != strings.Join(want, "|") {
		t.Errorf("asked for %q, want %q", p.asked, want)
	}
	// What is forgotten is looked up by its ID, until that has succeeded.
	p.err = errors.New("down")
	if _, err := nova.Forget(t.Context(), "id", []string{"astro-cpu-2"}); !errors.Is(err, p.err) {
		t.Error(err)
	}
	p.err = nil
	for range 2 {
		if _, err := nova.Forget(t.Context(), "id", []string{"astro-cpu-2"}); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(p.known, "|"); got != "astro-cpu-2|astro-cpu-2|" {
		t.Errorf("known to Forget: %q", got)
	}
}

// A scaler that waits, and one that only looks, leave the front-end's report in its slot.
func TestNovaLeavesReports(t *testing.T) {
	for _, looks := range []bool{false, true} {
		p := &provisioner{}
		nova := actuate.NewNova("astro", p)
		if looks {
			nova.Looking()
		}
		for _, keep := range []bool{true, false} {
			if _, err := nova.Report(t.Context(), cluster.View{}, keep); err != nil {
				t.Fatal(err)
			}
		}
		if len(p.kept) != 2 || !p.kept[0] || p.kept[1] != looks {
			t.Errorf("looks %t: kept %v", looks, p.kept)
		}
	}
}

func TestNovaPostsAllOrdersTogether(t *testing.T) {
	p := &provisioner{posted: provision.Posted{
		Accepted: cluster.Nodes{{Name: "astro-cpu-1"}}, Unknown: []string{"astro-cpu-2"},
		Refused: []cluster.NotMade{{Name: "astro-gpu-1", Zones: []string{"a"}, Kind: cluster.FaultNoHost, Message: "was not created: no host"}},
	}}
	nova := actuate.NewNova("astro", p)
	out, err := nova.Post(t.Context(), "id", []actuate.Order{{Group: "cpu", Count: 2}, {Group: "gpu", Count: 1, Avoid: []string{"b"}}}, []string{"astro-cpu-9"})
	if len(p.orders) != 2 || p.orders[1].Group != "gpu" || p.orders[1].Avoid[0] != "b" || p.orders[0].Reserved[0] != "astro-cpu-9" {
		t.Errorf("orders %+v", p.orders)
	}
	var lost cluster.NotMadeError
	if strings.Join(out.Accepted, " ") != "astro-cpu-1" || strings.Join(out.Unknown, " ") != "astro-cpu-2" || !errors.As(err, &lost) || len(lost) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	if !cluster.IsKind(err, cluster.FaultNoHost) || !strings.Contains(err.Error(), "1 of 3 are made") {
		t.Error(err)
	}
	p.posted.Refused = nil
	if _, err := nova.Post(t.Context(), "id", nil, nil); err != nil {
		t.Error(err)
	}
}
