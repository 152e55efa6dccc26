package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// waitingJobs is the length of the queue, all of one kind.
const waitingJobs = 5000

// tool prints one of the files that were written beside it. HTCondor prints nothing for
// an empty list; there is no worker in the pool.
const tool = `#!/bin/sh
folder=${0%%/*}
case "%s $*" in
*-collector*) cat "$folder/collector.json" ;;
*-schedd*) cat "$folder/schedd.json" ;;
*-master*) cat "$folder/masters.json" ;;
*-totals*) cat "$folder/totals.json" ;;
condor_q*) cat "$folder/queue.json" ;;
esac
`

// playQueue puts into dir the tools of a batch system in which all jobs wait.
func playQueue(dir string) error {
	for _, name := range []string{"condor_q", "condor_status"} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, tool, name), 0o700); err != nil { //nolint:gosec // a program
			return fmt.Errorf("write a tool of the batch system: %w", err)
		}
	}
	type ad = map[string]any
	old := time.Now().Add(-time.Hour).Unix()
	jobs := make([]ad, 0, waitingJobs)
	for i := range waitingJobs {
		jobs = append(jobs, ad{
			"ClusterId": 1, "ProcId": i, "JobStatus": 1, "JobUniverse": 5, "AutoClusterId": 1, "QDate": old,
			"RequestCpus": 1, "RequestMemory": 256, "RequestDisk": 1024, "NumJobStarts": 0,
		})
	}
	for name, ads := range map[string][]ad{
		"collector.json": {{"MyType": "Collector", "Name": "bench", "DaemonStartTime": old}},
		"schedd.json":    {{"MyType": "Scheduler", "Name": "bench"}},
		"masters.json":   {{"MyType": "DaemonMaster", "Name": "bench", "Machine": "bench", "AuthenticatedIdentity": "condor@family"}},
		"totals.json": {{
			"MyType": "Summary", "AllusersIdle": waitingJobs, "AllusersRunning": 0,
			"AllusersSuspended": 0, "AllusersHeld": 0, "AllusersSchedulerIdle": 0, "AllusersSchedulerRunning": 0,
		}},
		"queue.json": jobs,
	} {
		text, err := json.Marshal(ads)
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
