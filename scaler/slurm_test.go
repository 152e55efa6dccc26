package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// slurmRecordings are what Slurm's tools printed on a real cluster; submitted.txt there
// says how each job was submitted.
const slurmRecordings = "internal/queue/slurm/testdata/24.11"

// slurmTools print the recordings. Each record of squeue ends with the text that ends the
// format in its arguments; -j selects the records of a job, an array or a heterogeneous
// job.
var slurmTools = map[string]string{
	"scontrol": `for last do :; done; cat %s/$last.txt`,
	"squeue": `file=squeue mark=$(printf %%s "$*" | grep -o '[0-9a-f]*$') job=
case "$*" in *" -o "*) file=excluded ;; esac
while [ $# -gt 0 ]; do [ "$1" = -j ] && job=${2%%%%_*}; shift; done
awk -F '\t' -v job="$job" -v mark="$mark" 'job == "" || $1 == job || $2 == job || $4 == job { sub(/mark$/, mark); print }' %[1]s/$file.txt`,
}

// newSlurmStage makes a stage with the worker groups that the recordings are about.
func newSlurmStage(t *testing.T, rest string) *stage {
	t.Helper()
	s := newCluster(t, "slurm", map[string]cluster.GroupSpec{
		"worker": {NodeSpec: large, Count: 2, Scaling: &cluster.Scaling{Max: 60}}, "gpu": {NodeSpec: large, Scaling: &cluster.Scaling{Max: 30}},
	})
	data, err := filepath.Abs(slurmRecordings)
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range slurmTools {
		if err := os.WriteFile(filepath.Join(s.bin, name), fmt.Appendf(nil, "#!/bin/sh\n"+script+"\n", data), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.configure(rest)
	return s
}

// foreignWords are words of another batch system, which no text about Slurm has.
var foreignWords = regexp.MustCompile(`(?i)condor|collector|schedd|startd|negotiat|classad|\bslots?\b|\bads?\b|\b\d+\.0…`)

// aboutSlurm checks a text that people read.
func aboutSlurm(t *testing.T, text string, wanted ...string) {
	t.Helper()
	contains(t, text, wanted...)
	if word := foreignWords.FindString(text); word != "" {
		t.Errorf("it says %q:\n%s", word, text)
	}
}

const slurmBounds = "group \"worker\" {\n  max = 60\n}\ngroup \"gpu\" {\n  max  = 30\n  gpus = 2\n}\n" +
	"policy {\n  interval = \"100ms\"\n  pool_settle = \"0s\"\n  scale_out_after = \"0s\"\n  drain_recheck = \"0s\"\n}\nactuator \"dry-run\" {}\n"

// What the scaler reads of Slurm is decided, recorded, shown and explained like any queue,
// in words that Slurm's users know.
func TestSlurm(t *testing.T) {
	log := filepath.Join(t.TempDir(), "decisions.jsonl")
	s := newSlurmStage(t, slurmBounds+fmt.Sprintf("log {\n  decisions = %q\n  facts = true\n}\n", log))
	out, text := s.run(exitOK, "plan")
	aboutSlurm(t, out+text,
		"79 waiting, 2 running", "2 booting, 2 foreign", "group gpu", "group worker", "its array's limit of tasks at once is reached (JobArrayTaskLimit)",
		"1 job without a worker to come (34…): they wait for certain workers, and a new one is none of these: workers of group gpu do not meet --nodelist=w1",
		"a demand of 1 job is not judged and counts as met (32…): features: [gpu*1&worker*1]: how many of a job's workers have which feature",
	)
	out, text = s.run(exitOK, "status")
	aboutSlurm(t, out+text, "79 waiting, 2 running", "astro-worker-1", "w2 ", "foreign", "1 job not counted (41…): its partition is down (PartitionDown)")
	out, text = s.run(exitOK, "doctor")
	aboutSlurm(t, out+text, "tools      "+filepath.Join(s.bin, "squeue"), "read: 79 jobs waiting, 2 running", "none of the cluster's 2 workers is known to the slurmctld, which has 2 others")
	out, text = s.run(exitOK, "once")
	aboutSlurm(t, out+text, "workers are added", "group=gpu", "group=worker")
	err := journal.Rounds(log, func(r record.Record) error {
		_, err := record.Replay(r)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for subject, wanted := range map[string][]string{
		"47_3": {"job 47_3", "1 CPU, 100 MiB", "36 jobs that ask for the same wait"},
		"51+0": {"job 51+0", "2 tasks of 2 CPUs, 1.0 GiB at once"},
		"29":   {"1 needs a new worker, of group gpu.", "By this reading: add"},
		"30":   {"1 needs a new worker, of group gpu or worker.", "By this reading, for group worker: add"},
		"33":   {"2 workers of 1 CPU, 512 MiB at once, all of one group"},
		"35":   {"they wait for certain workers", "--nodelist=w[1-2] (the jobs ask for these nodes only)"},
		"41":   {"It waits, but does not count: its partition is down (PartitionDown)."},
		"43":   {"It is held, and held jobs do not count: held by its user (JobHeldUser)"},
		"1":    {"It runs on w1."},
		"gpu":  {"0 to 30 workers", "It has no workers."},
		"w1":   {"not of this cluster", "state ALLOCATED+DYNAMIC_NORM"},
	} {
		out, text := s.run(exitOK, "explain", subject)
		aboutSlurm(t, out+text, wanted...)
	}
	_, text = s.run(exitFailed, "explain", "77_1")
	aboutSlurm(t, text, "job 77_1: no queue holds that job")
}

// The page links each kind of jobs by the number of one of them, whatever its form.
func TestSlurmOnThePage(t *testing.T) {
	s := newSlurmStage(t, "listen = \"127.0.0.1:0\"\n"+slurmBounds)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var text output
	done := make(chan int)
	go func() { done <- run(ctx, []string{"run", "--config", s.file}, io.Discard, &text) }()
	eventually(t, func() bool { return strings.Contains(text.String(), "queue and workers") }, text.String)
	base := "http://" + regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(text.String())[1]
	var page string
	eventually(t, func() bool { // the page is of the last whole round
		var code int
		if code, page = get(t, base+"/"); code != 200 {
			t.Fatalf("%d: %s", code, page)
		}
		return strings.Contains(page, "astro-worker-1")
	}, func() string { return page })
	aboutSlurm(t, page, "astro-worker-1", "they wait for certain workers")
	links := regexp.MustCompile(`href="(explain/[^"]+)">([0-9]+[_+]?[0-9]*)<`).FindAllStringSubmatch(page, -1)
	for _, link := range links {
		code, page := get(t, base+"/"+link[1])
		if code != 200 {
			t.Errorf("%s: %d", link[1], code)
		}
		aboutSlurm(t, page, "job "+html.EscapeString(link[2]), "It waits for ")
	}
	_, metrics := get(t, base+"/metrics")
	aboutSlurm(t, strings.Join(regexp.MustCompile(`(?m)^.*vmcluster_.*$`).FindAllString(metrics, -1), "\n"), "vmcluster_scaler_jobs")
	if len(links) < 15 {
		t.Errorf("%d kinds of jobs are linked", len(links))
	}
	cancel()
	if code := <-done; code != exitOK {
		t.Errorf("exit status %d:\n%s", code, text.String())
	}
}
