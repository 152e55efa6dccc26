package terraform

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

var errTaken = errors.New("another scaler acts")

// interruptible is a command line whose applies take ten minutes, or end a second
// after they are interrupted.
type interruptible struct {
	failing
	applies, interrupted *int
}

func (c interruptible) Apply(ctx context.Context, _ string) (string, error) {
	*c.applies++
	select {
	case <-time.After(10 * time.Minute):
		return "", nil
	case <-ctx.Done():
		time.Sleep(time.Second)
		*c.interrupted++
		return "", ctx.Err()
	}
}

// A run ends when the lease is lost, and none begins after that.
func TestARunEndsWithTheLease(t *testing.T) {
	for _, row := range []struct {
		name        string
		lostAfter   time.Duration
		interrupted int
	}{
		{"before the run is begun", gather / 2, 0},
		{"in the middle of an apply", time.Minute, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			cloud := still{nodes: workers("astro-cpu-1", "astro-gpu-1")}
			lease, lose := context.WithCancelCause(t.Context())
			applies, interrupted := 0, 0
			file := File{Path: filepath.Join(t.TempDir(), "scaler.auto.tfvars.json"), Variable: "v"}
			a := New(Options{
				Reader: cloud, Cloud: cloud, CLI: interruptible{applies: &applies, interrupted: &interrupted}, Resource: address, Timeout: time.Hour, File: file,
				While: func(ctx context.Context) (context.Context, context.CancelFunc) {
					guarded, cancel := context.WithCancelCause(ctx)
					stop := context.AfterFunc(lease, func() { cancel(context.Cause(lease)) })
					if lease.Err() != nil {
						cancel(context.Cause(lease))
					}
					return guarded, func() { stop(); cancel(nil) }
				},
			})
			add := func() error { return a.Add(t.Context(), "id", "cpu", 1) }
			if _, err := a.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := add(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(row.lostAfter)
			lose(errTaken)
			start := time.Now()
			err := a.Wait(t.Context())
			var off actuate.PutOffError
			if !errors.Is(err, errTaken) || !errors.As(err, &off) {
				t.Errorf("%s: %v", row.name, err)
			}
			if took := time.Since(start); took > 3*time.Second || applies != row.interrupted || interrupted != row.interrupted {
				t.Errorf("%s: %d applies, %d interrupted, over after %s", row.name, applies, interrupted, took)
			}
			if groups, _ := file.Read(); len(groups) != row.interrupted {
				t.Errorf("%s: the file has %v", row.name, groups)
			}
		})
	}
}
