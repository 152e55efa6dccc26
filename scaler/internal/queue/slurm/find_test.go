package slurm

import (
	"errors"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

func TestFind(t *testing.T) {
	het := func(offset string) string {
		return job(map[int]string{fieldID: "1" + offset, fieldHet: "10", fieldHetOffset: offset})
	}
	array := map[int]string{fieldArray: "6", fieldTasksOfArray: "1-100%2"}
	for name, tt := range map[string]struct {
		id   string
		jobs string
		want queue.Job
		kind string
	}{
		"one that waits":                {"6", job(nil), queue.Job{ID: "6", State: queue.JobWaits}, "1 of 6: 1 CPUs 100 MiB"},
		"one that does not count":       {"6", job(map[int]string{fieldReason: "Dependency"}), queue.Job{ID: "6", State: queue.JobWaits, Why: "waits for another job (Dependency)"}, ""},
		"one that runs":                 {"6", job(map[int]string{fieldState: "RUNNING", fieldNodes: "W2,w3"}), queue.Job{ID: "6", State: queue.JobRuns, Node: "w2"}, ""},
		"one that its user holds":       {"6", job(map[int]string{fieldReason: "JobHeldUser"}), queue.Job{ID: "6", State: queue.JobHeld, Why: "held by its user (JobHeldUser)"}, ""},
		"one that Slurm holds":          {"6", job(map[int]string{fieldReason: "BadConstraints"}), queue.Job{ID: "6", State: queue.JobHeld, Why: badConstraints + ": scontrol release 6"}, ""},
		"one that has ended":            {"6", job(map[int]string{fieldState: "COMPLETED", fieldNodes: "w2"}), queue.Job{ID: "6", State: queue.JobOther}, ""},
		"a task of an array":            {"6_7", job(array), queue.Job{ID: "6_7", State: queue.JobWaits}, "2 of 6_1: 1 CPUs 100 MiB"},
		"a part of a heterogeneous job": {"10+1", het("0") + het("1"), queue.Job{ID: "10+1", State: queue.JobWaits}, "1 of 10+0: 1 CPUs 100 MiB 2 tasks"},
	} {
		r := pool()
		r.jobs = tt.jobs
		tools := r.tools(t)
		got, err := reader(tools).Find(t.Context(), tt.id)
		kind := ""
		if got.Kind.Count > 0 {
			kind = inShort(queue.Snapshot{Jobs: []queue.JobGroup{got.Kind}})
		}
		got.Kind = queue.JobGroup{}
		if err != nil || got.ID != tt.want.ID || got.State != tt.want.State || got.Why != tt.want.Why || got.Node != tt.want.Node || kind != tt.kind {
			t.Errorf("%s: %+v of %q, %v, want %+v of %q", name, got, kind, err, tt.want, tt.kind)
		}
		whole, _, _ := strings.Cut(tt.id, "+")
		for _, c := range tools.Calls() {
			if args := strings.Join(c.Args, " "); strings.Contains(c.Name, "squeue") && !strings.Contains(args, "-j "+whole+" ") {
				t.Errorf("%s: %s", name, args)
			}
		}
	}
}

func TestFindNone(t *testing.T) {
	r := pool()
	r.jobs = ""
	if _, err := reader(r.tools(t)).Find(t.Context(), "6"); !errors.Is(err, queue.ErrNoJob) {
		t.Errorf("an empty answer: %v", err)
	}
	r.jobs = "errors/no-such-job.stderr"
	if _, err := reader(r.tools(t)).Find(t.Context(), "6"); !errors.Is(err, queue.ErrNoJob) {
		t.Errorf("an ID that no job has: %v", err)
	}
	r.jobs = "errors/slurmctld-down.stderr"
	if _, err := reader(r.tools(t)).Find(t.Context(), "6"); err == nil || errors.Is(err, queue.ErrNoJob) {
		t.Errorf("slurmctld is down: %v", err)
	}
	for _, id := range []string{"", "x", "-1", "6.0", "6_", "6_[1-3]", "6 7", "99999999999"} {
		tools := &queuetest.Tools{}
		if _, err := reader(tools).Find(t.Context(), id); err == nil || len(tools.Calls()) > 0 {
			t.Errorf("%q is taken for an ID", id)
		}
	}
}
