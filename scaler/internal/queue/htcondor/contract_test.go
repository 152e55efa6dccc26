package htcondor

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// recordedTools answers from files of testdata: of a name without ending, standard
// output and error output of a failed call.
func recordedTools(t *testing.T, collector, schedds, totals, queue, slots string) *queuetest.Tools {
	t.Helper()
	var tools queuetest.Tools
	for _, a := range []struct {
		to   []string
		file string
	}{
		{[]string{"condor_status", "-collector"}, collector},
		{[]string{"condor_status", "-schedd"}, schedds},
		{[]string{"condor_status", "-master"}, "condor_status-masters.json"},
		{[]string{"condor_q", "-totals"}, totals},
		{[]string{"condor_q"}, queue},
		{[]string{"condor_status"}, slots},
	} {
		answer := queuetest.Answer{To: a.to}
		switch {
		case a.file == "" || strings.HasPrefix(a.file, "["):
			answer.Stdout = a.file
		case strings.HasSuffix(a.file, ".json"):
			answer.Stdout = queuetest.File(t, "testdata/"+a.file)
		default:
			answer.Stdout, answer.Stderr = queuetest.File(t, "testdata/"+a.file+".stdout"), queuetest.File(t, "testdata/"+a.file+".stderr")
			answer.Failed = true
		}
		tools.Answers = append(tools.Answers, answer)
	}
	return &tools
}

func TestContract(t *testing.T) {
	const collector, schedds, totals, jobs, slots = "collector.json", "condor_status-schedd.json", "condor_q-totals.json", "condor_q-full.json", "condor_status-projected.json"
	twoSchedds := recordedTools(t, collector, `[{"Name": "hcm.hpc.test"}, {"Name": "gone.hpc.test"}]`, totals, jobs, slots)
	gone := queuetest.Answer{To: []string{"condor_q", "gone.hpc.test"}, Stderr: queuetest.File(t, "testdata/q-schedd-down.stderr"), Failed: true}
	twoSchedds.Answers = append([]queuetest.Answer{gone}, twoSchedds.Answers...)
	queuetest.Contract{
		Adapter: Name,
		Reader:  func(run command.Runner) queue.Reader { return (&settings{}).Reader(run) },
		Pools: map[string]*queuetest.Tools{
			"a list":     recordedTools(t, collector, schedds, totals, jobs, slots),
			"groups":     recordedTools(t, collector, schedds, "condor_q-grouped-totals.json", "condor_q-grouped.json", "condor_status-attributes.json"),
			"full slots": recordedTools(t, collector, schedds, totals, jobs, "condor_status-pslot-full.json"),
			"drained":    recordedTools(t, collector, schedds, totals, jobs, "drained-and-draining.json"),
			"identities": recordedTools(t, collector, schedds, totals, jobs, "condor_status-identities.json"),
		},
		Empty: recordedTools(t, collector, schedds, `[{"AllusersIdle":0,"AllusersRunning":0}]`, "", ""),
		Down: map[string]*queuetest.Tools{
			"the schedd is down":             recordedTools(t, collector, schedds, totals, "q-schedd-down", slots),
			"the schedd hangs":               recordedTools(t, collector, schedds, totals, "q-schedd-hangs", slots),
			"the collector is down":          recordedTools(t, "q-collector-port-closed", schedds, totals, jobs, slots),
			"the pool is not known":          recordedTools(t, "q-unresolvable-pool", schedds, totals, jobs, slots),
			"there is no token":              recordedTools(t, collector, "status-auth-required-no-token", totals, jobs, slots),
			"the workers can not be read":    recordedTools(t, collector, schedds, totals, jobs, "q-collector-port-closed"),
			"the collector prints nothing":   recordedTools(t, "", schedds, totals, jobs, slots),
			"the pool has no access point":   recordedTools(t, collector, "", totals, jobs, slots),
			"an empty queue without a total": recordedTools(t, collector, schedds, "", "", slots),
		},
		Partly: map[string]*queuetest.Tools{
			"one of two schedds is down":           twoSchedds,
			"the queue is empty, but for its sum":  recordedTools(t, collector, schedds, totals, "", slots),
			"the collector does not say its birth": recordedTools(t, `[{"Name": "hcm"}]`, schedds, totals, jobs, slots),
		},
	}.Run(t)
}
