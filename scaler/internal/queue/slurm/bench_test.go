package slurm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// The queue and the cluster that the adapter is made for.
const (
	benchJobs  = 10_000 // that wait
	benchNodes = 1_000
)

// bigPool answers from files: what a benchmark takes of memory shall be the reader's.
type bigPool struct{ folder string }

// Run implements command.Runner.
func (p bigPool) Run(_ context.Context, c command.Command, consume func(io.Reader) error) error {
	name := c.Args[len(c.Args)-1]
	switch {
	case slices.Contains(c.Args, "-O"):
		name = "squeue"
	case slices.Contains(c.Args, "-o") && c.Name == "squeue":
		name = "excluded"
	}
	f, err := os.Open(filepath.Join(p.folder, name))
	if err != nil {
		return err
	}
	defer f.Close()
	return consume(f)
}

// queues are what the waiting jobs have in common.
var queues = []struct {
	name string
	own  func(i int) map[int]string
}{
	{"kinds=20", func(i int) map[int]string {
		return map[int]string{fieldCpus: fmt.Sprint(i % 4), fieldTasks: "1", fieldMemory: fmt.Sprintf("%dM", i%5*100)}
	}},
	{"sizes=10000", func(i int) map[int]string {
		return map[int]string{fieldMemory: fmt.Sprintf("%dM", i+1), fieldAllocated: fmt.Sprintf("cpu=1,mem=%dM,node=1", i+1)}
	}},
	{"lists=10000", func(i int) map[int]string {
		return map[int]string{fieldRequired: fmt.Sprintf("astro-cpu-%d", i%benchNodes+1), fieldFeatures: "cpu&(fast|worker)", fieldTasksPerNode: "1"}
	}},
}

func big(b *testing.B, own func(i int) map[int]string) bigPool {
	b.Helper()
	p := bigPool{b.TempDir()}
	for _, name := range []string{"config", "partitions", "reservations"} {
		raw, err := os.ReadFile("testdata/24.11/" + name + ".txt")
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.folder, name), raw, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	p.print(b, "squeue", benchJobs+2*benchNodes, func(i int) string {
		v := map[int]string{fieldID: fmt.Sprint(i + 1), fieldState: "RUNNING", fieldNodes: fmt.Sprintf("astro-cpu-%d", i%benchNodes+1)}
		if i < benchJobs {
			v = own(i)
			v[fieldID] = fmt.Sprint(i + 1)
		}
		return job(v)
	})
	p.print(b, "excluded", benchJobs, func(i int) string { return fmt.Sprintf("%d\t\t%s\n", i+1, recordedMark) })
	p.print(b, "nodes", benchNodes, func(i int) string { return node(fmt.Sprintf("astro-cpu-%d", i+1), "MIXED+DYNAMIC_NORM", "") })
	return p
}

func (p bigPool) print(b *testing.B, name string, n int, line func(i int) string) {
	b.Helper()
	f, err := os.Create(filepath.Join(p.folder, name))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range n {
		_, _ = w.WriteString(line(i))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTick10000Jobs reads 10,000 waiting jobs and 1,000 nodes with 2,000 running ones,
// and decides, over and over, as a scaler does: what a tick costs beside Slurm's tools and
// the cloud's answers. CPU is the process's own; peak is its memory, test and all.
func BenchmarkTick10000Jobs(b *testing.B) {
	for _, q := range queues {
		b.Run(q.name, func(b *testing.B) {
			r := reader(big(b, q.own))
			policy := decide.DefaultPolicy()
			policy.Groups["cpu"] = decide.Bounds{Max: 2000}
			var memory decide.Memory
			groups, before := 0, cpuTime(b)
			for b.Loop() {
				s, err := r.Read(b.Context())
				if groups = len(s.Jobs); err != nil || s.Waiting() != benchJobs || len(s.Workers) != benchNodes || len(s.Partial) > 0 {
					b.Fatalf("%d jobs, %d workers, skipped %v, %v, %v", s.Waiting(), len(s.Workers), s.Skipped, s.Partial, err)
				}
				_, memory = decide.Tick(benchFacts(s), policy, memory, time.Now())
			}
			b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(usage(b).Maxrss)/1024, "peak-MiB")
			b.ReportMetric(float64(groups), "groups")
		})
	}
}

// benchFacts is the cluster that the nodes are of.
func benchFacts(s queue.Snapshot) decide.Facts {
	f := decide.Facts{Queue: s, Flavors: map[string]queue.Shape{"cpu": {Cpus: 4, MemoryMiB: 8000}}}
	f.Cluster.Document = cluster.Document{Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "c4"}}}}
	created := time.Now().Add(-24 * time.Hour)
	for _, w := range s.Workers {
		f.Cluster.Nodes = append(f.Cluster.Nodes, cluster.Node{Name: w.Name, ID: w.Name, Group: "cpu", Role: cluster.RoleWorker, Flavor: "c4", Status: cluster.StatusActive, Created: created})
		f.Cluster.Document.Workers = append(f.Cluster.Document.Workers, cluster.Member{Name: w.Name})
	}
	return f
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	u := usage(b)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func usage(b *testing.B) (u syscall.Rusage) {
	b.Helper()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u
}
