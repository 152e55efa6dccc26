package htcondor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// fifty is a pool whose queue holds 50,000 jobs of twenty kinds.
type fifty struct{ queue string }

func newFifty() fifty {
	var b strings.Builder
	b.WriteString("[\n")
	for i := range 50_000 {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"ClusterId":%d,"ProcId":%d,"JobStatus":1,"JobUniverse":5,"AutoClusterId":%d,"QDate":%d,"RequestCpus":%d,`+
			`"RequestMemory":"\/Expr(ifthenelse(MemoryUsage isnt undefined,MemoryUsage,(ImageSize + 1023) \/ 1024))\/",`+
			`"RequestDisk":"\/Expr(DiskUsage)\/","ImageSize":%d,"DiskUsage":100,"NumJobStarts":0}`,
			i/1000+1, i%1000, i%20, 1_790_000_000+i, 1+i%4, 1_000_000*(1+i%20))
	}
	b.WriteString("\n]\n")
	return fifty{b.String()}
}

func (f fifty) Run(_ context.Context, c command.Command, consume func(io.Reader) error) error {
	out := f.queue
	switch {
	case c.Name == "condor_q":
	case strings.Contains(c.String(), "-collector"):
		out = `[{"Name":"pool","DaemonStartTime":1790000000}]`
	case strings.Contains(c.String(), "-schedd"):
		out = `[{"Name":"pool"}]`
	default:
		out = ""
	}
	return consume(strings.NewReader(out))
}

func BenchmarkRead50000Jobs(b *testing.B) {
	f := newFifty()
	r := New(Options{Runner: f})
	groups := 0
	for b.Loop() {
		s, err := r.Read(b.Context())
		if err != nil || s.Waiting() != 50_000 {
			b.Fatalf("%d jobs, skipped %v: %v", s.Waiting(), s.Skipped, err)
		}
		groups = len(s.Jobs)
	}
	b.ReportMetric(float64(len(f.queue)), "bytes")
	b.ReportMetric(float64(groups), "groups")
}
