package terraform

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// headless is a cloud with a configuration that passes counts on, and not retire: if a
// count falls, the newest worker leaves.
type headless struct {
	Cloud
	file  File
	nodes cluster.Nodes
}

func (h *headless) Read(context.Context) (cluster.View, error) {
	return cluster.View{Nodes: slices.Clone(h.nodes)}, nil
}

func (h *headless) Refresh(context.Context, cluster.Ref, cluster.Nodes) (cluster.View, error) {
	return cluster.View{Nodes: slices.Clone(h.nodes)}, nil
}

func (h *headless) Plan(context.Context, string) (bool, error) { return true, nil }

func (h *headless) Show(context.Context, string) (*tfjson.Plan, error) {
	groups, err := h.file.Read()
	before, after := map[string]any{}, map[string]any{}
	for name := range groups {
		there := present(h.nodes, name)
		for i, worker := range there {
			before[worker] = map[string]any{"id": "id of " + worker, "role": "worker"}
			if i < groups[name].Count {
				after[worker] = before[worker]
			}
		}
	}
	change := &tfjson.Change{Actions: tfjson.Actions{tfjson.ActionUpdate}, Before: map[string]any{"nodes": before}, After: map[string]any{"nodes": after}}
	return &tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{{Address: address, Change: change}}}, err
}

func (h *headless) Apply(context.Context, string) (string, error) {
	groups, err := h.file.Read()
	for name, g := range groups {
		for len(present(h.nodes, name)) < g.Count {
			next := cluster.NextNames("astro", name, 1, h.nodes.Names())
			h.nodes = append(h.nodes, workers(next...)[0])
		}
	}
	return "", err
}

// A refused removal does not delay new workers of its own group or of another one.
func TestARefusedRemovalHoldsNoGrowthBack(t *testing.T) {
	for _, row := range []struct {
		group string
		want  []string
	}{
		{"cpu", []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3", "astro-gpu-1"}},
		{"gpu", []string{"astro-cpu-1", "astro-cpu-2", "astro-gpu-1", "astro-gpu-2"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := &headless{
				nodes: workers("astro-cpu-1", "astro-cpu-2", "astro-gpu-1"),
				file:  File{Path: filepath.Join(t.TempDir(), "scaler.auto.tfvars.json"), Variable: "v"},
			}
			a := New(Options{Reader: h, Cloud: h, CLI: h, Resource: address, Timeout: longestPause, File: h.file})
			if _, err := a.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := a.Retire(t.Context(), "id", []string{"astro-cpu-1"}, nil); err != nil {
				t.Fatal(err)
			}
			if err := a.Add(t.Context(), "id", row.group, 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // of the bubble's
			if err := a.Wait(t.Context()); !errors.Is(err, ErrRefused) {
				t.Errorf("the removal: %v", err)
			}
			got := append(present(h.nodes, "cpu"), present(h.nodes, "gpu")...)
			if !slices.Equal(got, row.want) {
				t.Errorf("there are %v, want %v", got, row.want)
			}
		})
	}
}
