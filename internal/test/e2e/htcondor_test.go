//go:build e2e

package e2e

import (
	"fmt"
	"strings"
)

// htcondor is HTCondor as its access point's users and its administrator see it.
type htcondor struct{ user string }

func (htcondor) kind() string { return "htcondor" }

func (htcondor) unit() string { return "condor" }

// submit prints the number of the jobs' cluster.
func (htcondor) submit(n, _ int, job task) string {
	more := ""
	if job.group != "" {
		more = fmt.Sprintf("+VmclusterGroup = %q\nrequirements = TARGET.VmclusterGroup == MY.VmclusterGroup\n", job.group)
	}
	return fmt.Sprintf(`cat >job.sub <<'X'
executable = /bin/sh
arguments = "-c '%s'"
transfer_executable = false
request_cpus = %d
request_memory = %dMB
request_disk = 1MB
should_transfer_files = yes
log = job.log
%squeue %d
X
condor_submit -terse job.sub | cut -d. -f1`, strings.ReplaceAll(job.command, "SUBMISSION", "$(ClusterId)"), job.cpus, job.memory, more, n)
}

// log is the job log of all submissions: 005 is "terminated".
func (h htcondor) log() string { return "~" + h.user + "/job.log" }

func (h htcondor) ended() string { return "grep -c '^005 ' " + h.log() + " || true" }

func (htcondor) host(submission string) string {
	return fmt.Sprintf("condor_q %s -allusers -constraint 'JobStatus == 2' -af RemoteHost | sed 's/^[^@]*@//; s/[.].*//'", submission)
}

func (htcondor) times(submission string) string {
	return fmt.Sprintf("condor_q %s -allusers -af QDate JobCurrentStartDate", submission)
}

func (htcondor) once(submission string) string {
	return fmt.Sprintf("condor_q %s -allusers -af JobRunCount LastRemoteHost | sed 's/^1 undefined$/once/'", submission)
}

// history prints of a job that is not as it should be its starts, exit code, status (4:
// completed) and holds, which HTCondor counts from the first on.
func (htcondor) history(submission string) string {
	return fmt.Sprintf("condor_history %s -af NumJobStarts ExitCode JobStatus NumHolds LastRemoteHost | sed -E 's/^1 0 4 (undefined|0) /once /'", submission)
}

// tally counts terminated (005), evicted (004), removed (009) and held (012).
func (h htcondor) tally() string {
	return `for event in 005 004 009 012; do grep -c "^$event " ` + h.log() + " || true; done | xargs"
}

func (htcondor) members() string { return "condor_status -af Machine | cut -d. -f1 | sort -u" }

func (htcondor) busy() string {
	return `condor_status -constraint 'Activity == "Busy"' -af Machine | cut -d. -f1 | sort -u`
}

func (htcondor) draining() string {
	return `condor_status -constraint 'State == "Claimed" && Activity == "Retiring"' -af Machine | cut -d. -f1 | sort -u`
}

func (htcondor) known(worker string) string {
	return "condor_status -any -af Machine | grep -w " + worker + " || true"
}
