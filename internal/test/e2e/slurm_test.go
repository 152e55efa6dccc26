//go:build e2e

package e2e

import (
	"fmt"
	"strings"
)

// slurm is Slurm as its users and its administrator see it. A submission is the name of
// its jobs, since the tasks of an array have different numbers.
type slurm struct{}

func (slurm) kind() string { return "slurm" }

func (slurm) unit() string { return "slurmd" }

func (slurm) submit(n, number int, job task) string {
	name, options := fmt.Sprintf("e2e-%d", number), ""
	if job.group != "" {
		options += " --constraint=" + job.group
	}
	if n > 1 {
		options += fmt.Sprintf(" --array=1-%d", n)
	}
	command := strings.ReplaceAll(job.command, "SUBMISSION", name)
	return fmt.Sprintf(`sbatch --parsable --job-name=%[1]s --output=/dev/null --nodes=%[2]d --ntasks-per-node=1 --cpus-per-task=%[3]d --mem=%[4]dM%[5]s --wrap '%[6]s' >&2
echo %[1]s`, name, max(1, job.nodes), job.cpus, job.memory, options, command)
}

// completed is the file in which Slurm writes a line for each job that has ended, and for
// each attempt that has lost its worker.
const completed = `$(scontrol show config | sed -n 's/^JobCompLoc *= //p')`

func (slurm) ended() string { return "grep -c ' JobState=COMPLETED ' " + completed + " || true" }

func (slurm) host(submission string) string {
	return fmt.Sprintf("squeue -h -n %s -t R -o %%N | sort -u", submission)
}

func (slurm) times(submission string) string {
	return fmt.Sprintf(`squeue -h -n %s -o '%%V %%S' | while read queued began; do date -d $queued +%%s; date -d $began +%%s; done`, submission)
}

func (slurm) once(submission string) string {
	return fmt.Sprintf(`scontrol -o show job $(squeue -h -n %s -o %%i) | grep -o 'Restarts=[0-9]*' | sed 's/^Restarts=0$/once/'`, submission)
}

// history prints whole lines of jobs that are not as they should be. A job that was
// started twice has two lines.
func (slurm) history(submission string) string {
	return fmt.Sprintf(`grep ' Name=%s ' %s | sed -E 's/.* JobState=COMPLETED .* NodeList=([^ ]*) .* ExitCode=0:0 *$/once \1/'`, submission, completed)
}

func (slurm) tally() string {
	return `file=` + completed + `
for state in COMPLETED '(NODE_FAIL|REQUEUED|PREEMPTED|FAILED|TIMEOUT|BOOT_FAIL)' '(CANCELLED|DEADLINE)'; do grep -cE " JobState=$state " $file || true; done >/tmp/tally
squeue -h -t PD -o %r | grep -cE 'Held|BadConstraints' >>/tmp/tally || true
xargs </tmp/tally`
}

func (slurm) members() string {
	return `sinfo -h -N -o '%N %T' | awk '$2 !~ /drain|down|fail|unk|[*]/ { print $1 }' | sort -u`
}

func (slurm) busy() string {
	return "squeue -h -t R -o %N | xargs -r -n 1 scontrol show hostnames | sort -u"
}

func (slurm) draining() string { return "sinfo -h -N -t drng -o %N | sort -u" }

func (slurm) known(worker string) string {
	return fmt.Sprintf("scontrol -o show node %s 2>/dev/null | grep -w NodeName=%[1]s || true", worker)
}
