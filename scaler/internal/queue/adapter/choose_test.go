package adapter_test

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/all"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// Each queue block reads the clusters that it is for, and no others.
func TestFor(t *testing.T) {
	run := &queuetest.Tools{}
	named := func(name string) queue.Reader {
		a, _ := adapter.Find(name)
		return adapter.Named(name, adapter.Standard(a), run)
	}
	for _, tt := range []struct {
		block  string
		reader queue.Reader
		system string
		want   string // of the error
	}{
		{"slurm", named("slurm"), "slurm", ""},
		{"slurm", named("slurm"), "", ""},
		{"slurm", named("slurm"), "htcondor", `the configuration has queue "slurm", and the cluster runs htcondor: leave the queue block out, or write the one of htcondor`},
		{"slurm", named("slurm"), "none", `the configuration has queue "slurm", and the cluster has batch_system = { type = "none" }: `},
		{"auto", adapter.Following(run), "slurm", ""},
		{"auto", adapter.Following(run), "htcondor", ""},
		{"auto", adapter.Following(run), "loadleveler", ""},
		{"auto", adapter.Following(run), "none", `the cluster has batch_system = { type = "none" }, so there is no queue to follow: `},
		{"auto", adapter.Following(run), "lsf", `the cluster runs "lsf", and this scaler reads htcondor, loadleveler, slurm: use a newer scaler, or `},
		{"auto", adapter.Following(run), "", `the cluster runs "", and this scaler reads htcondor, loadleveler, slurm: `},
	} {
		r, err := queue.For(tt.reader, tt.system)
		switch {
		case tt.want == "" && (err != nil || r == nil):
			t.Errorf("%s for %q: %v", tt.block, tt.system, err)
		case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("%s for %q: %v, want %s", tt.block, tt.system, err, tt.want)
		}
		if _, is := r.(queue.Finder); tt.want == "" && !is {
			t.Errorf("%s for %q: single jobs are not found", tt.block, tt.system)
		}
		if again, _ := queue.For(tt.reader, tt.system); again != r {
			t.Errorf("%s for %q: another reader the second time", tt.block, tt.system)
		}
	}
	plain := queue.Cleaned(nil)
	if r, err := queue.For(plain, "slurm"); r != plain || err != nil {
		t.Errorf("a reader that chooses nothing: %v, %v", r, err)
	}
	if _, err := adapter.Following(run).Read(t.Context()); err == nil {
		t.Error("a queue was read of a cluster that is not known")
	}
	if len(run.Calls()) > 0 {
		t.Errorf("tools were run: %v", run.Calls())
	}
}
