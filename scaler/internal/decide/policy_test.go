package decide_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Each row: the file's block, the document's bounds, and what holds.
func TestBoundsComeFromTheDocument(t *testing.T) {
	scaling := func(least, most int) *cluster.Scaling { return &cluster.Scaling{Min: least, Max: most} }
	block := func(least, most int) *decide.Bounds { return &decide.Bounds{Min: least, Max: most} }
	for _, row := range []struct {
		name     string
		file     *decide.Bounds
		document *cluster.Scaling
		want     *decide.Bounds // nil: the group is left alone
	}{
		{"neither", nil, nil, nil},
		{"the document's where the file has no block", nil, scaling(2, 12), block(2, 12)},
		{"the file's where Terraform owns the number", block(1, 4), nil, block(1, 4)},
		{"the default where no max is given", block(0, decide.Unsaid), nil, block(0, decide.DefaultMax)},
		{"a min above the default max is the max", block(20, decide.Unsaid), nil, block(20, 20)},
		{"a block for the shape alone", block(0, decide.Unsaid), scaling(2, 12), block(2, 12)},
		{"the file narrows", block(3, 5), scaling(2, 12), block(3, 5)},
		{"the file does not widen", block(0, 50), scaling(2, 12), block(2, 12)},
		{"a file that lies below keeps the min, which Terraform would repair", block(0, 1), scaling(2, 12), block(2, 2)},
		{"a file that lies above", block(20, 30), scaling(2, 12), block(12, 12)},
	} {
		p := decide.DefaultPolicy()
		if row.file != nil {
			p.Groups["cpu"] = *row.file
		}
		got, there := p.For(map[string]cluster.GroupSpec{"cpu": {Scaling: row.document}}).Groups["cpu"]
		switch {
		case there != (row.want != nil):
			t.Errorf("%s: managed %t", row.name, there)
		case there && got != *row.want:
			t.Errorf("%s: %+v, want %+v", row.name, got, *row.want)
		}
	}
}

// The actuator changes the groups of its kind, and leaves the others alone.
func TestCharge(t *testing.T) {
	groups := map[string]cluster.GroupSpec{"counted": {Count: 4}, "scaled": {Scaling: &cluster.Scaling{Max: 3}}, "blocked": {Scaling: &cluster.Scaling{Max: 3}}}
	for charge, want := range map[decide.Charge][]string{
		decide.ChargeAny:     {"blocked", "counted", "missing", "scaled"},
		decide.ChargeScaled:  {"blocked", "missing", "scaled"},
		decide.ChargeCounted: {"counted", "missing"},
	} {
		p := decide.DefaultPolicy()
		p.Charge = charge
		for _, name := range []string{"counted", "blocked", "missing"} {
			p.Groups[name] = decide.Bounds{Max: 2}
		}
		if got := slices.Sorted(maps.Keys(p.For(groups).Groups)); !slices.Equal(got, want) {
			t.Errorf("charge %q: %v, want %v", charge, got, want)
		}
	}
}
