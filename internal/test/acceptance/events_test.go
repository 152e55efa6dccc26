//go:build acceptance

package acceptance

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
)

// eventLog is in the directory in which the program runs the user's commands. The
// jobs' shadows write it: it is whole also when the schedd dies, which the counts
// in the queue are not.
const eventLog = "vmcluster-acceptance.log"

// The kinds of events that are asked for.
const (
	eventExecutes     = "001"
	eventEvicted      = "004"
	eventTerminated   = "005"
	eventAborted      = "009"
	eventHeld         = "012"
	eventDisconnected = "022"
	eventReconnected  = "023"
	eventNoReconnect  = "024"
)

var (
	eventHead  = regexp.MustCompile(`^(\d{3}) \(0*(\d+)\.0*(\d+)\.\d+\) `)
	eventPlace = regexp.MustCompile(`(?m)^\s*(?:SlotName|CondorScratchDir).*$`)
)

// eventsOf counts the events of each job of a cluster in an event log, by the
// job's number. A shadow that has reconnected to a job logs its execution again:
// entries with the same scratch directory of the same slot are one execution.
func eventsOf(log, id string) map[string]map[string]int {
	out, place, reconnected := map[string]map[string]int{}, map[string]string{}, map[string]bool{}
	for event := range strings.SplitSeq(log, "\n...\n") {
		m := eventHead.FindStringSubmatch(event)
		if m == nil || m[2] != id {
			continue
		}
		kind, number := m[1], m[3]
		switch kind {
		case eventReconnected:
			reconnected[number] = true
		case eventEvicted, eventNoReconnect:
			reconnected[number] = false
		case eventExecutes:
			here := strings.Join(eventPlace.FindAllString(event, -1), "")
			if reconnected[number] && here == place[number] {
				continue
			}
			place[number], reconnected[number] = here, false
		}
		if out[number] == nil {
			out[number] = map[string]int{}
		}
		out[number][kind]++
	}
	return out
}

// expectDone wants n jobs, each completed, and each started once by the account of
// its events: none was evicted, held or begun anew.
func (p *condorPool) expectDone(t *testing.T, id string, n int) {
	t.Helper()
	jobs, err := p.ended(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if !j.completed {
			t.Errorf("a job that ran on %s last has %s; want 4 and 0", j.worker, j.said)
		}
	}
	if left := p.jobs(t); len(jobs) != n || len(left) > 0 {
		t.Errorf("%d jobs of %d are through, in the queue are %v", len(jobs), n, left)
	}
	total, events := map[string]int{}, eventsOf(p.must(t, "", "exec", "cat", eventLog), id)
	for number, had := range events {
		if had[eventExecutes] != 1 || had[eventTerminated] != 1 || had[eventEvicted]+had[eventAborted]+had[eventHeld]+had[eventNoReconnect] > 0 {
			t.Errorf("job %s.%s did not run through at once; its events are %v", id, number, had)
		}
		for kind, count := range had {
			total[kind] += count
		}
	}
	if len(events) != n {
		t.Errorf("%d jobs of %d have events", len(events), n)
	}
	t.Logf("%d jobs: %d starts, %d ends, %d times disconnected from the access point, %d times reconnected", n,
		total[eventExecutes], total[eventTerminated], total[eventDisconnected], total[eventReconnected])
}

// TestEventsOfJobs counts in a log of a real pool: of the first job, whose schedd
// was killed, the new shadow told the execution again; the second one was evicted and
// begun anew on the same worker.
func TestEventsOfJobs(t *testing.T) {
	log, err := os.ReadFile("testdata/events.log")
	if err != nil {
		t.Fatal(err)
	}
	got := eventsOf(string(log), "1")
	want := map[string]map[string]int{
		"17": {"000": 1, "001": 1, "005": 1, "006": 2, "022": 1, "023": 1, "040": 1},
		"0":  {"000": 1, "001": 2, "004": 1, "005": 1, "006": 2, "040": 3},
	}
	if !maps.EqualFunc(got, want, maps.Equal[map[string]int, map[string]int]) {
		t.Errorf("counted %v, want %v", got, want)
	}
}
