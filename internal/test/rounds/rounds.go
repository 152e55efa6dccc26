// Package rounds plays the rounds of a scaler after the one that has sent a request:
// tests that need the result of one wait here.
package rounds

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// Steps are the steps of later rounds; provision.Steps satisfies it.
type Steps interface {
	Refresh(ctx context.Context, ref cluster.Ref, known cluster.Nodes) (cluster.View, error)
	Enrol(ctx context.Context, v cluster.View) ([]string, error)
	Forget(ctx context.Context, ref cluster.Ref, names []string, known cluster.Nodes) ([]string, error)
}

// Request sends the requests of one round and returns the names of the workers whose
// requests the cloud has accepted.
type Request func(ctx context.Context) ([]string, error)

// most is the longest time for which the workers of a test come or go on a real cloud.
const most = 10 * time.Minute

// Add has post make n workers and enrols them as they get addresses. It returns their
// names. A test fails where the cloud has not accepted all of them.
func Add(t testing.TB, s Steps, ref cluster.Ref, n int, post Request) []string {
	t.Helper()
	names, err := post(t.Context())
	if err != nil || len(names) != n {
		t.Fatalf("%d workers were to be made, accepted: %v, %v", n, names, err)
	}
	until(t, s, ref, nil, func(v cluster.View) bool {
		if _, err := s.Enrol(t.Context(), v); err != nil {
			t.Fatalf("enrol %v: %v", names, err)
		}
		return !slices.ContainsFunc(names, func(name string) bool {
			n, there := v.Nodes.ByName(name)
			return !there || !v.Document.Enrolled(n)
		})
	})
	return names
}

// Remove has request ask for the deletion of workers' servers and takes the workers out of
// the roster when those are gone. A test fails where the cloud has not accepted all of
// them.
func Remove(t testing.TB, s Steps, ref cluster.Ref, names []string, request Request) {
	t.Helper()
	v, err := s.Refresh(t.Context(), ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := slices.DeleteFunc(v.Nodes, func(n cluster.Node) bool { return !slices.Contains(names, n.Name) })
	accepted, err := request(t.Context())
	if err != nil || !sameNames(accepted, names) {
		t.Fatalf("the servers of %v were to be deleted, accepted: %v, %v", names, accepted, err)
	}
	until(t, s, ref, known, func(v cluster.View) bool {
		left := slices.ContainsFunc(names, func(name string) bool {
			_, there := v.Nodes.ByName(name)
			_, listed := v.Document.Member(name)
			return there || listed
		})
		if left {
			if _, err := s.Forget(t.Context(), ref, names, known); err != nil {
				t.Fatalf("forget %v: %v", names, err)
			}
		}
		return !left
	})
}

// until reads the cluster at a scaler's pace, or faster, until done is true of a reading.
func until(t testing.TB, s Steps, ref cluster.Ref, known cluster.Nodes, done func(cluster.View) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	for pace := wait.NewPoll(100*time.Millisecond, 10*time.Second); ; {
		v, err := s.Refresh(ctx, ref, known)
		if err != nil {
			t.Fatal(err)
		}
		if done(v) {
			return
		}
		if err := pace.Wait(ctx); err != nil {
			t.Fatalf("not done within %s: %v; servers %v, workers in the roster %v", most, err, v.Nodes, v.Document.Workers)
		}
	}
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
