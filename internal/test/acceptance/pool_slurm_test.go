//go:build acceptance

package acceptance

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// slurmPool is a real Slurm, whose workers are dynamic nodes, and which writes a line for
// each ended job (JobCompType=jobcomp/filetxt).
type slurmPool struct{ program }

func newSlurmPool(t *testing.T) pool {
	t.Helper()
	p := &slurmPool{programOf(t, cloudenv.SlurmPool, "a Slurm pool")}
	if workers, err := p.status(); err != nil || len(workers) > 0 {
		t.Fatalf("the pool has workers already, it must be empty: %v, %v", workers, err)
	}
	if jobs := p.must(t, "", "admin", "squeue", "-h", "-a"); jobs != "" {
		t.Fatalf("the pool has jobs already, it must be empty:\n%s", jobs)
	}
	return p
}

func (p *slurmPool) kind() string { return "slurm" }

func (p *slurmPool) batchSystem() string { return p.kind() }

func (p *slurmPool) tools() []string { return []string{"squeue", "scontrol", "sinfo"} }

func (p *slurmPool) options(tools string) string { return fmt.Sprintf("bin = %q", tools) }

func (p *slurmPool) boot(name, _, server string, size workerSize) error {
	_, err := p.call("", "add", name, fmt.Sprint(size.cpus), fmt.Sprint(size.memory), "InstanceId="+server)
	return err
}

// field finds a value in the line of a node or of an ended job.
func field(line, name string) string {
	for word := range strings.FieldsSeq(line) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}

const slurmTime = "2006-01-02T15:04:05"

func at(text string) time.Time {
	when, err := time.ParseInLocation(slurmTime, text, time.Local)
	if err != nil {
		return time.Time{}
	}
	return when
}

// status leaves out nodes that do not answer.
func (p *slurmPool) status() (map[string]slot, error) {
	out, err := p.call("", "admin", "scontrol", "-o", "show", "nodes")
	if err != nil {
		return nil, err
	}
	slots := map[string]slot{}
	for line := range strings.Lines(out) {
		name, state := field(line, "NodeName"), field(line, "State")
		if name != "" && !strings.Contains(state, "DOWN") && !strings.Contains(state, "*") {
			slots[name] = slot{machine: name, started: at(field(line, "SlurmdStartTime"))}
		}
	}
	return slots, nil
}

// state returns a node's state; "" if Slurm does not know the node.
func (p *slurmPool) state(name string) string {
	out, err := p.call("", "admin", "scontrol", "-o", "show", "node", name)
	if err != nil {
		return ""
	}
	return field(out, "State")
}

// drain drains a worker, and takes that back if it turns out to run a job.
func (p *slurmPool) drain(name string) bool {
	if _, err := p.call("", "admin", "scontrol", "update", "nodename="+name, "state=drain", "reason=vmcluster: leaving"); err != nil {
		return p.state(name) != "" // a node that is unknown runs nothing
	}
	if strings.HasPrefix(p.state(name), "IDLE+DRAIN") {
		return false
	}
	_ = p.back(name) // the next look at a worker that goes on being marked drains it again
	return true
}

func (p *slurmPool) endsByDrain() bool { return false }

func (p *slurmPool) back(name string) error {
	_, err := p.call("", "admin", "scontrol", "update", "nodename="+name, "state=undrain")
	return err
}

func (p *slurmPool) forget(machines ...string) error {
	var failed []error
	for _, name := range machines {
		if p.state(name) == "" {
			continue
		}
		if _, err := p.call("", "admin", "scontrol", "update", "nodename="+name, "state=down", "reason=vmcluster: deleted"); err != nil {
			failed = append(failed, err)
			continue
		}
		_, err := p.call("", "admin", "scontrol", "delete", "nodename="+name)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// submit queues an array. Its name is the submission.
func (p *slurmPool) submit(t *testing.T, n int, size workerSize, length time.Duration) string {
	t.Helper()
	name := fmt.Sprintf("acceptance-%d", time.Now().Unix())
	p.must(t, "", "exec", "sbatch", "--parsable", "--job-name="+name, "--output=/dev/null", fmt.Sprintf("--array=1-%d", n),
		fmt.Sprintf("--cpus-per-task=%d", size.cpus), fmt.Sprintf("--mem=%d", size.memory/2), fmt.Sprintf("--wrap=sleep %.0f", length.Seconds()))
	t.Cleanup(func() {
		if t.Failed() {
			_, _ = p.call("", "admin", "scancel", "--name="+name) // none may be left
		}
	})
	return name
}

func (p *slurmPool) running(submission string) (int, error) {
	out, err := p.call("", "exec", "squeue", "-h", "-r", "-t", "R", "-n", submission, "-o", "%i")
	return len(strings.Fields(out)), err
}

var jobCompLoc = regexp.MustCompile(`(?m)^JobCompLoc *= *(\S+)`)

// ended reads the file of ended jobs, in which each attempt has a line.
func (p *slurmPool) ended(submission string) ([]job, error) {
	out, err := p.call("", "admin", "scontrol", "show", "config")
	if err != nil {
		return nil, err
	}
	found := jobCompLoc.FindStringSubmatch(out)
	if found == nil {
		return nil, errors.New("this Slurm names no file of ended jobs (JobCompLoc)")
	}
	out, err = p.call("", "admin", "sh", "-c", "cat "+found[1]+" 2>/dev/null || true")
	if err != nil {
		return nil, err
	}
	var jobs []job
	for line := range strings.Lines(out) {
		if field(line, "Name") != submission {
			continue
		}
		state, code := field(line, "JobState"), field(line, "ExitCode")
		jobs = append(jobs, job{
			completed: state == "COMPLETED" && code == "0:0", said: state + ", exit code " + code,
			worker: field(line, "NodeList"), queued: at(field(line, "SubmitTime")), began: at(field(line, "StartTime")),
		})
	}
	return jobs, nil
}

func (p *slurmPool) expectDone(t *testing.T, submission string, n int) {
	t.Helper()
	jobs, err := p.ended(submission)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if !j.completed {
			t.Errorf("a job on %s ended with %s", j.worker, j.said)
		}
	}
	if left := p.must(t, "", "admin", "squeue", "-h", "-a", "-n", submission, "-t", "PD,R,CG,S"); len(jobs) != n || left != "" {
		t.Errorf("%d ends for %d jobs, in the queue are:\n%s", len(jobs), n, left)
	}
}

func (p *slurmPool) stop(t *testing.T) {
	t.Helper()
	p.must(t, "", "stop-controller")
}

func (p *slurmPool) start(t *testing.T) {
	t.Helper()
	p.must(t, "", "start-controller")
}
