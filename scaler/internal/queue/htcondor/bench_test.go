package htcondor

import (
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

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// benchJobs is the queue that the scaler is made for.
const benchJobs = 50_000

// bigPool answers with the queue and workers of a busy pool, made from recorded
// ones.
type bigPool struct{ queue, slots string } // files

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
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		p.b.Fatal(err)
	}
	before := "[\n"
	if p.n++; p.n > 1 {
		before = "\n,\n"
	}
	if _, err := p.file.WriteString(before + string(text)); err != nil {
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

// mixed is a queue of the recorded kinds of job in a number of submissions, and
// 2,000 running jobs on 500 workers.
func mixed(b *testing.B, submissions int) bigPool {
	queue, slots := newPrinter(b, "queue"), newPrinter(b, "slots")
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
		queue.print(varied(waiting[i%len(waiting)], map[string]any{
			"JobCount": benchJobs / submissions, "JobIds": fmt.Sprintf("%d.0 ... %d.%d", i+10, i+10, benchJobs/submissions-1),
			"QDate": 1_795_000_000 + 60*i, "ImageSize": 1000 + i%50,
		}))
	}
	recorded := ads(b, "condor_status-attributes.json")
	for i := range 500 {
		machine := fmt.Sprintf("w%d.hpc.test", i+1)
		slots.print(varied(recorded[0], map[string]any{"Machine": machine, "Name": "slot1@" + machine, "VmclusterName": fmt.Sprintf("astro-cpu-%d", i+1)}))
		for k := range 4 {
			name := fmt.Sprintf("slot1_%d@%s", k+1, machine)
			slots.print(varied(recorded[1], map[string]any{"Machine": machine, "Name": name, "VmclusterName": fmt.Sprintf("astro-cpu-%d", i+1)}))
			queue.print(varied(running, map[string]any{"RemoteHost": name, "JobIds": fmt.Sprintf("5.%d", 4*i+k)}))
		}
	}
	return bigPool{queue.done(), slots.done()}
}

func (p bigPool) Run(_ context.Context, c command.Command, consume func(io.Reader) error) error {
	file := p.slots
	switch {
	case c.Name == "condor_q":
		file = p.queue
	case strings.Contains(c.String(), "-collector"):
		return consume(strings.NewReader(`[{"Name":"pool","DaemonStartTime":1790000000}]`))
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

// BenchmarkRead50000Jobs reads a pool of 500 workers, 2,000 running and 50,000
// waiting jobs. CPU is the process's own; peak is its memory, test and all.
func BenchmarkRead50000Jobs(b *testing.B) {
	for _, submissions := range []int{200, 5000, benchJobs} {
		b.Run(fmt.Sprintf("submissions=%d", submissions), func(b *testing.B) {
			p := mixed(b, submissions)
			r := New(Options{Runner: p})
			groups := 0
			before := cpuTime(b)
			for b.Loop() {
				s, err := r.Read(b.Context())
				if err != nil || s.Waiting() != benchJobs || len(s.Workers) != 500 {
					b.Fatalf("%d jobs, %d workers, skipped %v: %v", s.Waiting(), len(s.Workers), s.Skipped, err)
				}
				groups = len(s.Jobs)
			}
			b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(peakMiB(b), "peak-MiB")
			if info, err := os.Stat(p.queue); err == nil {
				b.ReportMetric(float64(info.Size()), "bytes")
			}
			b.ReportMetric(float64(groups), "groups")
		})
	}
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
