package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// anyCluster is one configuration for every batch system: it has no queue block.
const anyCluster = `cluster = "astro"
policy {
  interval        = "100ms"
  pool_settle     = "0s"
  scale_out_after = "0s"
  drain_recheck   = "0s"
}
actuator "dry-run" {}
`

// loadLevelerTools print what LoadLeveler's tools do, from the fixtures of its adapter.
var loadLevelerTools = map[string]string{
	"llq":      `case "$*" in "") cat %[1]s/llq.txt ;; -r*) cat %[1]s/llq-r.txt ;; *) cat %[1]s/llq-l.txt ;; esac`,
	"llclass":  `cat %[1]s/llclass-l.txt`,
	"llstatus": `case "$*" in -r*) cat %[1]s/llstatus-r.txt ;; -R) cat %[1]s/llstatus-res.txt ;; *) cat %[1]s/llstatus-l.txt ;; esac`,
}

// newLoadLevelerStage makes a stage with the worker groups that the fixtures are about.
func newLoadLevelerStage(t *testing.T) *stage {
	t.Helper()
	s := newCluster(t, "loadleveler", map[string]cluster.GroupSpec{"cpu": {NodeSpec: large, Count: 2, Scaling: &cluster.Scaling{Max: 10}}, "gpu": {NodeSpec: large, Scaling: &cluster.Scaling{Max: 4}}})
	data, err := filepath.Abs("internal/queue/loadleveler/testdata/5")
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range loadLevelerTools {
		if err := os.WriteFile(filepath.Join(s.bin, name), fmt.Appendf(nil, "#!/bin/sh\n"+script+"\n", data), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// large has 8 CPUs.
var large = cluster.NodeSpec{Flavor: "6"}

// runs writes another batch system into the cluster document: what nodes do is no
// matter of these tests.
func (s *stage) runs(system string) {
	s.t.Helper()
	client, err := openstack.New(s.t.Context(), openstack.Config{})
	if err != nil {
		s.t.Fatal(err)
	}
	frontEnd, _ := s.cloud.Server("astro-frontend")
	doc, err := cluster.DecodeDocument(frontEnd.Metadata)
	if err != nil {
		s.t.Fatal(err)
	}
	doc.BatchSystem = cluster.BatchSystem(system)
	items, err := doc.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := client.SetMetadata(s.t.Context(), frontEnd.ID, cluster.WithDocument(frontEnd.Metadata, items)); err != nil {
		s.t.Fatal(err)
	}
}

// newHTCondorStage makes a stage with a group whose workers hold the recorded jobs.
func newHTCondorStage(t *testing.T) *stage {
	t.Helper()
	s := newCluster(t, "htcondor", map[string]cluster.GroupSpec{"cpu": {NodeSpec: large, Count: 2, Scaling: &cluster.Scaling{Max: 10}}})
	s.tools()
	return s
}

// onPath makes a stage's tools those of the search path, and takes one configuration.
func (s *stage) onPath(configuration string) {
	s.t.Helper()
	s.t.Setenv("PATH", s.bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	s.write(configuration)
}

// One configuration file without a queue block is right for clusters of all batch systems:
// the scaler reads what the cluster runs, decides, and explains.
func TestOneConfigurationForAllBatchSystems(t *testing.T) {
	for name, tt := range map[string]struct {
		stage  func(t *testing.T) *stage
		jobs   string
		grows  string
		job    string
		waits  string
		worker string
		tool   string
		doctor string
	}{
		"htcondor": {
			stage: newHTCondorStage,
			jobs:  "12 waiting, 5 running", grows: "group=cpu", job: "6.1", waits: "asks for 4 CPUs", worker: "w1", tool: "condor_q", doctor: "read: 12 jobs waiting, 5 running",
		},
		"slurm": {
			stage: func(t *testing.T) *stage { return newSlurmStage(t, "") },
			jobs:  "79 waiting, 2 running", grows: "group=worker", job: "47_3", waits: "1 CPU, 100 MiB", worker: "w1", tool: "squeue", doctor: "read: 79 jobs waiting, 2 running",
		},
		"loadleveler": {
			stage: newLoadLevelerStage,
			jobs:  "7 waiting, 2 running", grows: "group=cpu", job: "front.102.0", waits: "asks for 2 CPUs, 2.0 GiB", worker: "astro-cpu-1", tool: "llq", doctor: "read: 7 jobs waiting, 2 running",
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "decisions.jsonl")
			s := tt.stage(t)
			s.onPath(anyCluster + fmt.Sprintf("log {\n  decisions = %q\n  facts = true\n}\n", log))
			out, _ := s.run(exitOK, "validate")
			contains(t, out, "is valid")
			out, text := s.run(exitOK, "plan")
			contains(t, out+text, tt.jobs)
			out, text = s.run(exitOK, "status")
			contains(t, out+text, tt.jobs, tt.worker)
			out, _ = s.run(exitOK, "doctor")
			contains(t, out, "tools      "+filepath.Join(s.bin, tt.tool), tt.doctor)
			out, _ = s.run(exitOK, "explain", tt.job)
			contains(t, out, "job "+tt.job, tt.waits)
			before := len(s.cloud.Servers())
			s.write(strings.Replace(anyCluster, "actuator \"dry-run\" {}\n", "", 1) + fmt.Sprintf("log {\n  decisions = %q\n  facts = true\n}\n", log))
			out, text = s.run(exitOK, "once")
			contains(t, out+text, "workers are added", tt.grows)
			if after := len(s.cloud.Servers()); after <= before {
				t.Errorf("%d servers, then %d", before, after)
			}
			systems := map[string]bool{}
			err := journal.Rounds(log, func(r record.Record) error {
				_, err := record.Replay(r)
				systems[r.Input.Facts.Queue.Traits.System] = true
				return err
			})
			if err != nil || len(systems) != 1 || !systems[name] {
				t.Errorf("rounds with %v, %v", systems, err)
			}
		})
	}
}

// A queue block of another batch system than the cluster's decides nothing, and so does a
// missing tool; each says what to do.
func TestQueueOfAnotherBatchSystem(t *testing.T) {
	s := newLoadLevelerStage(t)
	s.onPath(strings.Replace(anyCluster, "policy", "queue \"slurm\" {}\npolicy", 1))
	const other = `the configuration has queue "slurm", and the cluster runs loadleveler: leave the queue block out, or write the one of loadleveler`
	for _, verb := range []string{"plan", "once", "status"} {
		_, text := s.run(exitFailed, verb)
		contains(t, text, other)
	}
	out, _ := s.run(exitFailed, "doctor")
	contains(t, out, other, "correct the queue block")

	s.write(strings.Replace(anyCluster, "policy", "queue \"auto\" {\n  timeout = \"5s\"\n}\npolicy", 1))
	out, text := s.run(exitOK, "plan")
	contains(t, out+text, "7 waiting, 2 running")

	if err := os.Remove(filepath.Join(s.bin, "llq")); err != nil {
		t.Fatal(err)
	}
	_, text = s.run(exitFailed, "plan")
	contains(t, text, "read the queue: ", "llq", "(install LoadLeveler's programs, or name their directory with bin in the queue block)")
	out, _ = s.run(exitFailed, "doctor")
	contains(t, out, "the program llq is not there", "install it on this machine")

	// A cluster without a batch system has no queue to follow.
	s.runs("none")
	s.write(anyCluster)
	_, text = s.run(exitFailed, "plan")
	contains(t, text, `the cluster has batch_system = { type = "none" }, so there is no queue to follow: `)
	s.tools()
	s.write(strings.Replace(anyCluster, "policy", "queue \"htcondor\" {}\npolicy", 1))
	_, text = s.run(exitFailed, "plan")
	contains(t, text, `the configuration has queue "htcondor", and the cluster has batch_system = { type = "none" }: `)

	// What can't be known without the cluster is not tried.
	s.write(strings.Replace(anyCluster, `"astro"`, `"elsewhere"`, 1))
	out, _ = s.run(exitFailed, "doctor")
	for _, part := range []string{"tools", "queue"} {
		if !regexp.MustCompile(`not tried +` + part + ` +the cluster can't be read, and says which batch system it runs`).MatchString(out) {
			t.Errorf("%s: %s", part, out)
		}
	}
}
