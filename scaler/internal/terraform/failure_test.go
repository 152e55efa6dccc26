package terraform

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// still is a cloud in which no change happens.
type still struct {
	Cloud
	nodes cluster.Nodes
}

func (s still) Read(context.Context) (cluster.View, error) { return cluster.View{Nodes: s.nodes}, nil }

func (s still) Refresh(context.Context, cluster.Ref, cluster.Nodes) (cluster.View, error) {
	return cluster.View{Nodes: s.nodes}, nil
}

// failing is a command line that plans a growth, and fails with the given errors.
type failing struct{ plan, apply error }

func (f failing) Plan(context.Context, string) (bool, error) { return true, sortError("plan", f.plan) }

func (f failing) Show(context.Context, string) (*tfjson.Plan, error) {
	change := &tfjson.Change{
		Actions: tfjson.Actions{tfjson.ActionUpdate},
		Before:  map[string]any{"nodes": map[string]any{}}, After: map[string]any{"nodes": map[string]any{}},
	}
	return &tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{{Address: address, Change: change}}}, nil
}

func (f failing) Apply(context.Context, string) (string, error) {
	return "Warning: Not all workers were made: Quota exceeded for instances", sortError("apply", f.apply)
}

// A run that fails for the lock or in the plan does not count against a group. A run
// that fails in the cloud counts against the group that was to grow, by the kind of
// fault.
func TestWhoseFailureItIs(t *testing.T) {
	const locked = "exit status 1 Error: Error acquiring the state lock"
	for _, row := range []struct {
		name   string
		cli    failing
		want   error
		blamed bool
		kind   cluster.FaultKind
	}{
		{"the lock, for the plan", failing{plan: errors.New(locked)}, ErrLocked, false, cluster.FaultOther},
		{"the lock, for the apply", failing{apply: errors.New(locked)}, ErrLocked, false, cluster.FaultOther},
		{"a plan that fails", failing{plan: errors.New("exit status 1 Error: Unsupported argument")}, nil, false, cluster.FaultOther},
		{"overtaken each time", failing{apply: errors.New("exit status 1 Error: Saved plan is stale")}, errOvertaken, false, cluster.FaultOther},
		{"an apply that fails", failing{apply: errors.New("exit status 1 Error: the front-end does not answer")}, nil, true, cluster.FaultOther},
		{"an apply that brings less", failing{}, ErrShort, true, cluster.FaultQuota},
	} {
		synctest.Test(t, func(t *testing.T) {
			cloud := still{nodes: workers("astro-cpu-1")}
			a := New(Options{
				Reader: cloud, Cloud: cloud, CLI: row.cli, Resource: address, Timeout: longestPause,
				File: File{Path: filepath.Join(t.TempDir(), "scaler.auto.tfvars.json"), Variable: "v"},
			})
			add := func(group string) error {
				return a.Add(t.Context(), "id", group, 1)
			}
			if _, err := a.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := add("cpu"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // of the bubble's
			if _, err := a.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			var off actuate.PutOffError
			if err := add("gpu"); !errors.As(err, &off) {
				t.Errorf("%s: the group that was not to grow gets: %v", row.name, err)
			}
			err := add("cpu")
			if err == nil || row.want != nil && !errors.Is(err, row.want) || errors.As(err, &off) == row.blamed || cluster.KindOf(err) != row.kind {
				t.Errorf("%s: %v, of kind %s; put off: %t", row.name, err, cluster.KindOf(err), errors.As(err, &off))
			}
			if row.blamed && row.kind == cluster.FaultQuota && !strings.Contains(err.Error(), "Quota exceeded") {
				t.Errorf("%s: it does not say why: %v", row.name, err)
			}
		})
	}
}
