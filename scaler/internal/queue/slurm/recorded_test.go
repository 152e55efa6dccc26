package slurm

import (
	"regexp"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// What the reader makes of jobs that were submitted with these options of sbatch. The
// largest nodes were those of group gpu, with 8 CPUs and 2 GPUs; those of group worker have
// 4 CPUs. A job that asks for no memory gets 512 MiB for each CPU.
var submitted = map[string]string{
	"-n1 -c4 --mem=2000 -t 60":     "4 CPUs 2000 MiB",
	"-n1 --mem-per-cpu=1G -c3":     "3 CPUs 3072 MiB",
	"--mem=0 -n1":                  "1 CPUs 0 MiB exclusive", // all memory of a node
	"--exclusive -n1":              "1 CPUs 512 MiB exclusive",
	"--exclusive=user -n1":         "1 CPUs 512 MiB",
	"-n1 --switches=1":             "1 CPUs 512 MiB",
	"-n1 --overcommit":             "1 CPUs 512 MiB",
	"-n1 --threads-per-core=1":     "1 CPUs 512 MiB",
	"-n4 -c2 --hint=nomultithread": "8 CPUs 4096 MiB",
	"-n1 -t 400-00:00:00":          "1 CPUs 512 MiB",

	// Tasks that one of the largest nodes holds.
	"-n8 --mem-per-cpu=200": "8 CPUs 1600 MiB",
	"-n8 --mem=500":         "8 CPUs 500 MiB",
	"-n8":                   "8 CPUs 4096 MiB",
	// Several nodes.
	"-N2":                       "1 CPUs 512 MiB 2 nodes",
	"-N2 -n8 --mem-per-cpu=100": "4 CPUs 400 MiB 2 nodes",
	"-N2-4 -n8":                 "1 CPUs 512 MiB 2 nodes 8 tasks",
	"-N2 --ntasks-per-node=3":   "3 CPUs 1536 MiB 2 nodes",
	"-n6 --ntasks-per-node=2":   "2 CPUs 1024 MiB 3 nodes",

	"-n1 --gres=gpu:2 -p gpu":                             "1 CPUs 512 MiB 2 GPUs group gpu {partitions: gpu=gpu}",
	"-n1 --gpus=2 -p gpu":                                 "1 CPUs 512 MiB 2 GPUs group gpu {partitions: gpu=gpu}",
	"-n4 --gpus-per-task=1 -p gpu":                        "1 CPUs 512 MiB 1 GPUs 4 tasks group gpu {partitions: gpu=gpu}",
	"-N2 --gpus-per-node=2 -p gpu":                        "1 CPUs 512 MiB 2 GPUs 2 nodes group gpu {partitions: gpu=gpu}",
	"-n1 --gpus-per-socket=1 --sockets-per-node=1 -p gpu": "1 CPUs 512 MiB 1 GPUs group gpu {partitions: gpu=gpu}",
	"-n1 --gpus=2 --cpus-per-gpu=3 -p gpu":                "6 CPUs 3072 MiB 2 GPUs group gpu {partitions: gpu=gpu}",
	"-n1 --gpus=2 --mem-per-gpu=1500 -p gpu":              "1 CPUs 3000 MiB 2 GPUs group gpu {partitions: gpu=gpu}",

	"-n1 -C gpu":                        "1 CPUs 512 MiB group gpu {features: gpu}",
	"-n1 -C 'gpu|worker'":               "1 CPUs 512 MiB {features: gpu|worker}",
	"-N2 -n2 -C '[gpu*1&worker*1]'":     "1 CPUs 512 MiB 2 nodes {features: [gpu*1&worker*1]; workers: 2}",
	"-N2 -n2 -C '[gpu|worker]'":         "1 CPUs 512 MiB 2 nodes one group {features: [gpu|worker]; workers: 2}",
	"-n1 -w w1":                         "1 CPUs 512 MiB {nodes: w1}",
	"-N2 -w w1,w2":                      "1 CPUs 512 MiB 2 nodes {nodes: w[1-2]; workers: 2}",
	`-n1 -w $'w1\nw2'`:                  "1 CPUs 512 MiB 2 nodes {nodes: w[1-2]; workers: 2}",
	"-n1 -x w1,w2":                      "1 CPUs 512 MiB {not nodes: w[1-2]}",
	"-n1 -p worker,gpu":                 "1 CPUs 512 MiB {partitions: worker=worker,gpu=gpu}",
	"-n1 -p worker":                     "1 CPUs 512 MiB group worker {partitions: worker=worker}",
	"-n2 : -n2":                         "2 CPUs 1024 MiB 2 tasks",
	"-n1 --mem=100 : -n1 --mem=100":     "1 CPUs 100 MiB 2 tasks",
	"--array=1-10 -n1 --mem=100":        "1 CPUs 100 MiB",
	"--array=1-100%2 -n1 -c2 --mem=100": "2 CPUs 100 MiB",

	"-n1 -p short -t 2:00:00":                      "its time limit exceeds its partition's (PartitionTimeLimit)",
	"-N3 -p short -t 1":                            "it asks for more nodes than its partition allows (PartitionNodeLimit)",
	"-n1 -p down":                                  "its partition is down (PartitionDown)",
	"-n1 --begin=now+2hours":                       "is to begin at a later time (BeginTime)",
	"-n1 --hold":                                   "held by its user (JobHeldUser)",
	"-n1 --dependency=afterok:3":                   "waits for another job (Dependency)",
	"-n1 --mem=100 : -n2 -c2 --mem=200":            different,
	"-p all_groups -w w1 -n1 -c2 --mem=1000 -t 30": "",
}

const different = "a heterogeneous job whose parts ask for different things: the scaler makes no workers for it"

// Each recorded job alone is what its options say.
func TestRecordedJobs(t *testing.T) {
	for _, v := range versions {
		records := map[string][]string{} // by the number in the job's ID
		for line := range strings.Lines(queuetest.File(t, "testdata/"+v+"/squeue.txt")) {
			f := strings.Split(line, separator)
			id := f[fieldArray]
			if f[fieldHet] != "N/A" {
				id = f[fieldHet]
			}
			records[id] = append(records[id], line)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(queuetest.File(t, "testdata/"+v+"/submitted.txt")) {
			id, options, _ := strings.Cut(strings.TrimSpace(line), separator)
			want, listed := submitted[options]
			if !listed || len(records[id]) == 0 {
				continue
			}
			seen[options] = true
			r := in(v)
			r.jobs = strings.Join(records[id], "")
			if got := withoutMain.Replace(inShort(read(t, r))); got != want && !regexp.MustCompile(`^(skipped )?[0-9]+ of `+id+`([_+][0-9]+)?: `+regexp.QuoteMeta(want)+`(\nskipped 98 of .*)?$`).MatchString(got) {
				t.Errorf("%s: %s: %s, want %s", v, options, got, want)
			}
		}
		for options := range submitted {
			if two := strings.Contains(options, "w2"); !seen[options] && (v != "22.05" || !two) { // it was recorded with one node
				t.Errorf("%s: %s was not recorded", v, options)
			}
		}
	}
}

// withoutMain takes out that a job must run in a partition of which 22.05 does not say that it
// has all nodes.
var withoutMain = strings.NewReplacer("; partitions: main", "", " {partitions: main}", "")

// From zero, and without placeholders, 22.05 queues what 24.11 refuses.
func TestFromZero(t *testing.T) {
	const want = "1 of 1: 1 CPUs 512 MiB\n1 of 2: 1 CPUs 512 MiB 2 nodes\n1 of 3: 1 CPUs 512 MiB 8 tasks"
	if got := inShort(read(t, in("22.05-zero"))); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
