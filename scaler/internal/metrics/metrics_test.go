package metrics_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/metrics"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// show returns the scaler's own metrics, as a scraper gets them.
func show(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var ours strings.Builder
	for line := range strings.Lines(w.Body.String()) {
		if strings.Contains(line, "vmcluster_scaler_") {
			ours.WriteString(line)
		}
	}
	return ours.String()
}

func played(t *testing.T) *metrics.Metrics {
	t.Helper()
	now := recordtest.Noon.Add(-time.Second)
	m := metrics.New("1.2.3", func() time.Time { return now })
	if text := show(t, m); !strings.Contains(text, "vmcluster_scaler_data_age_seconds -1\n") {
		t.Errorf("before the first reading:\n%s", text)
	}
	m.SetPrices(map[string]float64{"cpu": 0.5})
	for _, r := range recordtest.Records() {
		now = r.Time.Add(300 * time.Millisecond)
		m.Decided(r)
		now = r.Time.Add(time.Duration(r.Seconds * float64(time.Second)))
		m.Finished(r)
	}
	now = now.Add(10 * time.Second)
	return m
}

func TestWhatAScraperGets(t *testing.T) {
	got := show(t, played(t))
	path := filepath.Join("testdata", "metrics.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal([]byte(got), want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func families(text string) []string {
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return names
}

// The documentation lists each metric with its type and labels, and no other one.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/scaler.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, found := range regexp.MustCompile("(?m)^\\| `(vmcluster_scaler_\\w+)` \\| (\\w+) \\| ([^|]*)\\|").FindAllStringSubmatch(string(raw), -1) {
		labels := regexp.MustCompile(`\w+`).FindAllString(found[3], -1)
		slices.Sort(labels)
		documented = append(documented, strings.Join(append([]string{found[1], found[2]}, labels...), " "))
	}
	text := show(t, played(t))
	types := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`).FindAllStringSubmatch(text, -1) {
		types[found[1]] = found[2]
	}
	var shown []string
	for _, name := range families(text) {
		labels := samples(text)[name]
		if types[name] == "histogram" {
			labels = samples(text)[name+"_sum"]
		}
		slices.Sort(labels)
		shown = append(shown, strings.Join(append([]string{name, types[name]}, labels...), " "))
	}
	slices.Sort(documented)
	slices.Sort(shown)
	if !slices.Equal(shown, documented) {
		t.Errorf("shown:\n%s\ndocumented:\n%s", strings.Join(shown, "\n"), strings.Join(documented, "\n"))
	}
}

// step is one round of a cluster whose only job causes a worker.
func step(after time.Duration, change func(f *decide.Facts)) decide.Facts {
	f := recordtest.Facts(after)
	f.Cluster.Nodes, f.Cluster.Document.Workers, f.Queue.Workers = nil, nil, nil
	f.Queue.Jobs, f.Queue.OnNode = f.Queue.Jobs[:1], nil
	f.Queue.Jobs[0].Count = 1
	change(&f)
	return f
}

// The stages from the first demand to the first job on the worker made for it, with an
// actuator that makes it in the round, and with one that makes it after the round.
func TestAWorkersWayToItsFirstJob(t *testing.T) {
	whole := recordtest.Facts(0)
	for _, later := range []bool{false, true} {
		now := recordtest.Noon
		m := metrics.New("dev", func() time.Time { return now })
		node, pool := whole.Cluster.Nodes[0], whole.Queue.Workers[0]
		node.Created = recordtest.Noon.Add(75 * time.Second)
		var memory decide.Memory
		tick := func(after time.Duration, change func(f *decide.Facts), finish func(r *record.Record)) {
			var r record.Record
			now = recordtest.Noon.Add(after)
			r, memory = recordtest.Tick(step(after, change), memory, now)
			m.Decided(r)
			finish(&r)
			m.Finished(r)
		}
		nothing := func(*record.Record) {}
		tick(0, func(*decide.Facts) {}, nothing)
		tick(time.Minute, func(*decide.Facts) {}, func(r *record.Record) {
			if len(r.Add) != 1 {
				t.Fatalf("decision %+v", r.Decision)
			}
			if !later {
				now = node.Created
				r.Added = []string{"astro-cpu-1"}
			}
		})
		there := func(f *decide.Facts) { f.Cluster.Nodes = append(f.Cluster.Nodes, node) }
		tick(90*time.Second, there, nothing)
		tick(195*time.Second, func(f *decide.Facts) {
			there(f)
			idle := pool
			idle.Running, idle.Free = 0, idle.Total
			f.Queue.Workers = append(f.Queue.Workers, idle)
		}, nothing)
		tick(240*time.Second, func(f *decide.Facts) {
			there(f)
			f.Queue.Jobs = nil
			f.Queue.Workers = append(f.Queue.Workers, pool)
		}, nothing)
		tick(250*time.Second, there, nothing)
		text := show(t, m)
		for _, want := range []string{
			`worker_stage_seconds_sum{stage="hold"} 60`, `worker_stage_seconds_sum{stage="create"} 15`,
			`worker_stage_seconds_sum{stage="join"} 120`, `worker_stage_seconds_sum{stage="match"} 45`,
			`demand_to_first_job_seconds_sum 240`, `demand_to_first_job_seconds_count 1`,
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("made after the round: %t; it lacks %q:\n%s", later, want, text)
			}
		}
	}
}

// Of several scalers, only the one that acts counts decisions; all show the cluster.
func TestAStandbyCountsNoDecisions(t *testing.T) {
	m := metrics.New("1.2.3", func() time.Time { return recordtest.Noon })
	for _, r := range recordtest.Records() {
		r.Standby = "scaler other acts for this cluster, this one waits"
		m.Decided(r)
		r.Added = nil
		m.Finished(r)
	}
	text := show(t, m)
	for _, counted := range []string{"decisions_total{", "worker_faults_total{", "workers_made_total 1"} {
		if strings.Contains(text, "vmcluster_scaler_"+counted) {
			t.Errorf("%s is counted:\n%s", counted, text)
		}
	}
	if !strings.Contains(text, "\nvmcluster_scaler_standby 1\n") {
		t.Errorf("it does not say that it waits:\n%s", text)
	}
	if !strings.Contains(text, `vmcluster_scaler_jobs{state="waiting"} `) || strings.Contains(text, `vmcluster_scaler_jobs{state="waiting"} 0`) {
		t.Errorf("the queue is not shown:\n%s", text)
	}
}

func TestWhatCanNotBeRead(t *testing.T) {
	m := played(t)
	before := show(t, m)
	m.Finished(record.Record{Time: recordtest.Noon, Error: "read the queue: i/o timeout", Unread: record.SourceQueue})
	text := show(t, m)
	for _, want := range []string{`read_failures_total{what="queue"} 1`, `read_failures_total{what="cluster"} 0`, `ticks_total{result="unread"} 1`, `jobs{state="running"} 5`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if !strings.Contains(before, `read_failures_total{what="queue"} 0`) {
		t.Error("a counter that does not start at 0 hides its first increase")
	}
}

// What helps against a failure depends on its kind.
func TestKindsOfFailure(t *testing.T) {
	m := played(t)
	r := record.Record{Time: recordtest.Noon}
	r.Failed(fmt.Errorf("add 2 to group cpu: %w", &cluster.CloudError{Kind: cluster.FaultQuota, Message: "Quota exceeded"}))
	r.Failed(fmt.Errorf("add 1 to group gpu: %w", &cluster.CloudError{Kind: cluster.FaultNoHost, Message: "No valid host was found"}))
	r.Failed(errors.New("terraform: it is locked"))
	m.Finished(r)
	text := show(t, m)
	for _, want := range []string{`action_failures_total{kind="quota"} 1`, `action_failures_total{kind="no_host"} 1`, `action_failures_total{kind="other"} 2`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}

// The running round shows with its part and its age, and a round that lasts for too long
// counts by the part that it is in.
func TestTheRunningRound(t *testing.T) {
	now := recordtest.Noon
	m := metrics.New("dev", func() time.Time { return now })
	has := func(wanted ...string) {
		t.Helper()
		text := show(t, m)
		for _, want := range wanted {
			if !strings.Contains(text, "\nvmcluster_scaler_"+want+"\n") {
				t.Errorf("it lacks %q:\n%s", want, text)
			}
		}
	}
	has("tick_running_seconds 0", `tick_running_part_seconds{part="queue"} 0`, `watchdog_alarms_total{part="queue"} 0`)
	at := record.Progress{Begun: now, Part: record.PartQueue, Since: now.Add(2 * time.Second)}
	m.Running(at)
	now = now.Add(65 * time.Second)
	m.Overdue(at)
	has("tick_running_seconds 65", `tick_running_part_seconds{part="queue"} 63`, `tick_running_part_seconds{part="cluster"} 0`, `watchdog_alarms_total{part="queue"} 1`)
	m.Running(record.Progress{})
	has("tick_running_seconds 0", `tick_running_part_seconds{part="queue"} 0`, `watchdog_alarms_total{part="queue"} 1`)
}

// Names of parts in a record that are none of ours make no series.
func TestPartsAreBounded(t *testing.T) {
	m := metrics.New("dev", func() time.Time { return recordtest.Noon })
	m.Finished(record.Record{Time: recordtest.Noon, PartSeconds: record.PartSeconds{record.PartQueue: 0.7, "else": 1}})
	text := show(t, m)
	if !strings.Contains(text, `tick_part_seconds_sum{part="queue"} 0.7`) || strings.Contains(text, `part="else"`) {
		t.Errorf("got:\n%s", text)
	}
}
