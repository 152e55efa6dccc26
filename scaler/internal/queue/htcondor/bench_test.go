package htcondor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// benchJobs is the queue that the scaler is made for.
const benchJobs = 50_000

// bigPool answers with the queue and workers of a busy pool, made from recorded
// ones.
type bigPool struct{ queue, slots, masters string } // files

func ads(b *testing.B, name string) []map[string]any {
	b.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		b.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(raw, &list); err != nil {
		b.Fatal(err)
	}
	return list
}

// printer writes ads as HTCondor's tools do, one at a time: what the benchmark
// takes of memory shall be the reader's.
type printer struct {
	b    *testing.B
	file *os.File
	n    int
}

func newPrinter(b *testing.B, name string) *printer {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), name))
	if err != nil {
		b.Fatal(err)
	}
	return &printer{b: b, file: f}
}

func (p *printer) print(a map[string]any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(a); err != nil {
		p.b.Fatal(err)
	}
	before := "[\n"
	if p.n++; p.n > 1 {
		before = "\n,\n"
	}
	if _, err := p.file.WriteString(before + strings.TrimSpace(text.String())); err != nil {
		p.b.Fatal(err)
	}
}

func (p *printer) done() string {
	if _, err := p.file.WriteString("\n]\n"); err != nil {
		p.b.Fatal(err)
	}
	if err := p.file.Close(); err != nil {
		p.b.Fatal(err)
	}
	return p.file.Name()
}

func varied(a map[string]any, with map[string]any) map[string]any {
	a = maps.Clone(a)
	maps.Copy(a, with)
	return a
}

// distinct makes each submission differ from all others in what it asks for.
type distinct func(submission int, ad map[string]any) map[string]any

// sameKinds leaves the submissions as they were recorded: a few kinds.
func sameKinds(_ int, ad map[string]any) map[string]any { return ad }

// ownSizes has each submission ask for an amount of memory of its own.
func ownSizes(i int, ad map[string]any) map[string]any {
	ad["RequestMemory"] = 64 + i%25_000
	ad["RequestCpus"] = 1 + i/25_000
	return ad
}

// ownRequirements has each submission demand something of its own of the worker,
// beside a size of its own.
func ownRequirements(i int, ad map[string]any) map[string]any {
	whole, _ := ad["Requirements"].(string)
	ad["Requirements"] = strings.Replace(whole, "/Expr(", fmt.Sprintf("/Expr((TARGET.TotalSlotMemory >= %d) && ", 1+i), 1)
	return ownSizes(i, ad)
}

// mixed is a queue of the recorded kinds of job in a number of submissions, and
// 2,000 running jobs on 500 workers.
func mixed(b *testing.B, submissions int, own distinct) bigPool {
	jobs, slots, masters := newPrinter(b, "queue"), newPrinter(b, "slots"), newPrinter(b, "masters")
	var waiting []map[string]any
	var running map[string]any
	for _, a := range ads(b, "condor_q-grouped.json") {
		switch {
		case a["RemoteHost"] != nil:
			running = a
		case a["JobUniverse"] == 5.0 && a["DeferralTime"] == nil:
			waiting = append(waiting, a)
		}
	}
	for i := range submissions {
		jobs.print(own(i, varied(waiting[i%len(waiting)], map[string]any{
			"JobCount": benchJobs / submissions, "JobIds": fmt.Sprintf("%d.0 ... %d.%d", i+10, i+10, benchJobs/submissions-1),
			"QDate": 1_795_000_000 + 60*i, "ImageSize": 1000 + i%50,
		})))
	}
	recorded := ads(b, "condor_status-attributes.json")
	for i := range 500 {
		node := fmt.Sprintf("astro-cpu-%d", i+1)
		machine := node + ".hpc.test"
		identity := "worker." + node + ".0badcafe@hpc.test"
		masters.print(map[string]any{"Machine": machine, "Name": machine, "VmclusterName": node, "AuthenticatedIdentity": identity})
		slots.print(varied(recorded[0], map[string]any{"Machine": machine, "Name": "slot1@" + machine, "VmclusterName": node, "AuthenticatedIdentity": identity}))
		for k := range 4 {
			name := fmt.Sprintf("slot1_%d@%s", k+1, machine)
			slots.print(varied(recorded[1], map[string]any{"Machine": machine, "Name": name, "VmclusterName": node, "AuthenticatedIdentity": identity}))
			jobs.print(varied(running, map[string]any{"RemoteHost": name, "JobIds": fmt.Sprintf("5.%d", 4*i+k)}))
		}
	}
	return bigPool{jobs.done(), slots.done(), masters.done()}
}

func (p bigPool) Run(_ context.Context, c command.Command, consume func(io.Reader) error) error {
	file := p.slots
	switch {
	case c.Name == "condor_q":
		file = p.queue
	case strings.Contains(c.String(), "-collector"):
		return consume(strings.NewReader(`[{"Name":"pool","DaemonStartTime":1790000000}]`))
	case strings.Contains(c.String(), "-master"):
		file = p.masters
	case strings.Contains(c.String(), "-schedd"):
		return consume(strings.NewReader(`[{"Name":"pool"}]`))
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return consume(f)
}

// queues are 50,000 waiting jobs, from a few submissions to as many as jobs, each
// of which asks for something else.
var queues = []struct {
	name        string
	submissions int
	own         distinct
}{
	{"submissions=200", 200, sameKinds},
	{"submissions=5000", 5000, sameKinds},
	{"submissions=50000", benchJobs, sameKinds},
	{"sizes=50000", benchJobs, ownSizes},
	{"requirements=50000", benchJobs, ownRequirements},
}

// BenchmarkRead50000Jobs reads a pool of 500 workers, 2,000 running and 50,000
// waiting jobs. CPU is the process's own; peak is its memory, test and all.
func BenchmarkRead50000Jobs(b *testing.B) {
	for _, q := range queues {
		b.Run(q.name, func(b *testing.B) {
			p := mixed(b, q.submissions, q.own)
			r := New(Options{Runner: p})
			groups := 0
			before := cpuTime(b)
			for b.Loop() {
				groups = len(readAll(b, r).Jobs)
			}
			report(b, before)
			if info, err := os.Stat(p.queue); err == nil {
				b.ReportMetric(float64(info.Size()), "bytes")
			}
			b.ReportMetric(float64(groups), "groups")
		})
	}
}

func readAll(b *testing.B, r *Reader) queue.Snapshot {
	b.Helper()
	s, err := r.Read(b.Context())
	if err != nil || s.Waiting() != benchJobs || len(s.Workers) != 500 {
		b.Fatalf("%d jobs, %d workers, skipped %v: %v", s.Waiting(), len(s.Workers), s.Skipped, err)
	}
	return s
}

// BenchmarkTick50000Jobs reads the same and decides, over and over, as a scaler
// does: what a tick costs beside HTCondor's tools and the cloud's answers. The
// second time is the first that counts: demand is seen before it is acted upon.
func BenchmarkTick50000Jobs(b *testing.B) {
	for _, q := range queues {
		b.Run(q.name, func(b *testing.B) {
			r := New(Options{Runner: mixed(b, q.submissions, q.own)})
			policy := decide.DefaultPolicy()
			policy.Groups["cpu"] = decide.Bounds{Max: 1000}
			policy.Groups["gpu"] = decide.Bounds{Max: 100}
			var memory decide.Memory
			var out decide.Outcome
			before := cpuTime(b)
			for b.Loop() {
				out, memory = decide.Tick(benchFacts(readAll(b, r)), policy, memory, time.Now())
			}
			report(b, before)
			b.ReportMetric(float64(out.Demand.New()), "workers")
			b.ReportMetric(float64(len(out.Decision.Notes)), "notes")
		})
	}
}

// benchFacts is the cluster that the pool's workers are of.
func benchFacts(s queue.Snapshot) decide.Facts {
	f := decide.Facts{Queue: s, Flavors: map[string]queue.Shape{"cpu": {Cpus: 8, MemoryMiB: 15_000}, "gpu": {Cpus: 16, MemoryMiB: 60_000, GPUs: 2}}}
	f.Cluster.Document = cluster.Document{Name: "astro", Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "c8"}}, "gpu": {}}}
	created := time.Now().Add(-24 * time.Hour)
	for _, w := range s.Workers {
		f.Cluster.Nodes = append(f.Cluster.Nodes, cluster.Node{Name: w.Name, ID: w.Name, Group: "cpu", Role: cluster.RoleWorker, Flavor: "c8", Status: cluster.StatusActive, Created: created})
		f.Cluster.Document.Workers = append(f.Cluster.Document.Workers, cluster.Member{Name: w.Name})
	}
	return f
}

func report(b *testing.B, before time.Duration) {
	b.Helper()
	b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(peakMiB(b), "peak-MiB")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMiB is the most memory that the process has had so far.
func peakMiB(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Maxrss) / 1024
}
