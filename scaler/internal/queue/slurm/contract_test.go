package slurm

import (
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// recordedMark is what ended the records when they were recorded.
const recordedMark = "mark"

// reader returns a Reader of recorded outputs.
func reader(run command.Runner) *Reader {
	r := New(Options{Runner: run})
	r.mark = func() string { return recordedMark }
	return r
}

// recorded is what the tools printed in one state of a cluster, each a file of testdata, or
// the text itself if it has a line break or is empty.
type recorded struct {
	config, partitions, reservations, excluded, jobs, nodes string
}

// in returns the recordings of a folder of testdata.
func in(folder string) recorded {
	f := func(name string) string { return path.Join(folder, name) }
	return recorded{f("config.txt"), f("partitions.txt"), f("reservations.txt"), f("excluded.txt"), f("squeue.txt"), f("nodes.txt")}
}

// tools answers as the tools did. A file that ends with .stderr is of a call that failed.
func (r recorded) tools(t *testing.T) *queuetest.Tools {
	t.Helper()
	var tools queuetest.Tools
	for _, a := range []struct {
		to   []string
		file string
	}{
		{[]string{"scontrol", "config"}, r.config}, {[]string{"scontrol", "partitions"}, r.partitions},
		{[]string{"scontrol", "reservations"}, r.reservations}, {[]string{"scontrol", "nodes"}, r.nodes},
		{[]string{"squeue", "-O"}, r.jobs}, {[]string{"squeue", "-o"}, r.excluded},
	} {
		answer := queuetest.Answer{To: a.to}
		switch {
		case a.file == "" || strings.Contains(a.file, "\n"):
			answer.Stdout = a.file
		case strings.HasSuffix(a.file, ".stderr"):
			answer.Stderr, answer.Failed = queuetest.File(t, "testdata/"+a.file), true
		default:
			answer.Stdout = queuetest.File(t, "testdata/"+a.file)
		}
		tools.Answers = append(tools.Answers, answer)
	}
	return &tools
}

// versions are the folders of recordings of a busy cluster.
var versions = []string{"22.05", "24.11"}

func TestContract(t *testing.T) {
	with := func(change func(*recorded)) *queuetest.Tools {
		r := in("24.11")
		change(&r)
		return r.tools(t)
	}
	empty := in("24.11")
	empty.jobs, empty.excluded, empty.nodes = "", "", "No nodes in the system\n"
	pools := map[string]*queuetest.Tools{}
	for _, v := range versions {
		pools[v] = in(v).tools(t)
	}
	down := map[string]*queuetest.Tools{
		"the nodes can not be read": with(func(r *recorded) { r.nodes = "errors/slurmctld-down.stderr" }),
		"the nodes are no list":     with(func(r *recorded) { r.nodes = "" }),
	}
	for _, failure := range []string{"slurmctld-down", "slurmctld-hangs", "munge-down", "wrong-token", "no-token", "no-config", "no-host"} {
		down[failure] = with(func(r *recorded) { r.config = "errors/" + failure + ".stderr" })
		down[failure+", later"] = with(func(r *recorded) { r.jobs = "errors/" + failure + ".stderr" })
	}
	queuetest.Contract{
		Adapter: Name,
		Reader:  func(run command.Runner) queue.Reader { return reader(run) },
		Pools:   pools,
		Empty:   empty.tools(t),
		Down:    down,
		Partly: map[string]*queuetest.Tools{
			"the queue is empty, but the nodes have jobs": with(func(r *recorded) { r.jobs, r.excluded = "", "" }),
		},
	}.Run(t)
}

// A list of what jobs exclude that breaks off between two jobs is noticed by the jobs that
// it lacks. A job that was queued a moment ago came after the list.
func TestExclusionsThatBreakOff(t *testing.T) {
	r := pool(job(map[int]string{fieldID: "5"}), job(map[int]string{fieldID: "100"}))
	if s := read(t, r); len(s.Partial) != 1 {
		t.Errorf("an old job is not in the list: %v", s.Partial)
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for name, other := range map[string]map[int]string{
		"a job that was queued just now":          {fieldID: "100", fieldSubmitted: now, fieldEligible: now},
		"a job that Slurm holds in its own way":   {fieldID: "100", fieldState: "SPECIAL_EXIT"},
		"a job that runs, of which nothing waits": {fieldID: "100", fieldState: "RUNNING", fieldNodes: "w1"},
	} {
		if s := read(t, pool(job(map[int]string{fieldID: "5"}), job(other))); len(s.Partial) != 0 {
			t.Errorf("%s: %v", name, s.Partial)
		}
	}
}
