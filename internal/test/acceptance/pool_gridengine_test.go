//go:build acceptance

package acceptance

import (
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// gridEnginePool is a real Grid Engine with queue all.q, whose slots the workers name, and
// with the consumables of examples/queues/gridengine.
type gridEnginePool struct{ program }

// gang is the parallel environment of the job over two hosts, with all slots of both.
const gang = "acceptance"

func newGridEnginePool(t *testing.T) pool {
	t.Helper()
	p := &gridEnginePool{programOf(t, cloudenv.GridEnginePool, "a Grid Engine")}
	if workers, err := p.status(); err != nil || len(workers) > 0 {
		t.Fatalf("it has execution hosts already, it must be empty: %v, %v", workers, err)
	}
	if jobs := p.must(t, "", "admin", "qstat", "-u", "*"); jobs != "" {
		t.Fatalf("it has jobs already, it must be empty:\n%s", jobs)
	}
	return p
}

func (p *gridEnginePool) kind() string { return "program" }

func (p *gridEnginePool) batchSystem() string { return "none" }

func (p *gridEnginePool) tools() []string { return nil }

func (p *gridEnginePool) options(string) string {
	return fmt.Sprintf("command = [%q, \"queue\"]\n  actions = [\"drain\", \"undrain\", \"forget\"]", p.path())
}

func (p *gridEnginePool) boot(name, group, _ string, size workerSize) error {
	_, err := p.call("", "add", name, fmt.Sprint(size.cpus), fmt.Sprint(size.memory), group)
	return err
}

// status leaves out hosts that do not answer.
func (p *gridEnginePool) status() (map[string]slot, error) {
	out, err := p.call("", "admin", "qhost", "-q", "-xml")
	if err != nil {
		return nil, err
	}
	var hosts struct {
		Hosts []struct {
			Name   string `xml:"name,attr"`
			Queues []struct {
				Values []struct {
					Name string `xml:"name,attr"`
					Text string `xml:",chardata"`
				} `xml:"queuevalue"`
			} `xml:"queue"`
		} `xml:"host"`
	}
	if err := xml.Unmarshal([]byte(out), &hosts); err != nil {
		return nil, err
	}
	slots := map[string]slot{}
	for _, h := range hosts.Hosts {
		for _, q := range h.Queues {
			for _, v := range q.Values {
				if v.Name == "state_string" && !strings.Contains(v.Text, "u") {
					slots[h.Name] = slot{machine: h.Name}
				}
			}
		}
	}
	return slots, nil
}

// drain is nothing: the front-end of a cluster without a batch system calls each worker
// drained, and the scaler drains.
func (p *gridEnginePool) drain(string) bool { return false }

func (p *gridEnginePool) endsByDrain() bool { return false }

func (p *gridEnginePool) back(string) error { return nil }

// forget is nothing: the scaler has Grid Engine forget the workers.
func (p *gridEnginePool) forget(...string) error { return nil }

// submit queues an array, and a job over two hosts. The name of both is the submission.
func (p *gridEnginePool) submit(t *testing.T, n int, size workerSize, length time.Duration) string {
	t.Helper()
	if n < 3 {
		t.Fatalf("%d workers are too few: two are for one job", n)
	}
	name := fmt.Sprintf("acceptance-%d", time.Now().Unix())
	for pe, rule := range map[string]string{gang: fmt.Sprint(size.cpus), "worker": "$pe_slots"} {
		p.must(t, fmt.Sprintf("pe_name %s\nslots 9999\nuser_lists NONE\nxuser_lists NONE\nstart_proc_args NONE\nstop_proc_args NONE\n"+
			"allocation_rule %s\ncontrol_slaves FALSE\njob_is_first_task TRUE\nurgency_slots min\naccounting_summary TRUE\nqsort_args NONE\n", pe, rule),
			"admin", "sh", "-c", "cat >/tmp/pe && { qconf -Mp /tmp/pe || qconf -Ap /tmp/pe; } && qconf -aattr queue pe_list "+pe+" all.q")
	}
	memory := fmt.Sprintf("h_vmem=%dM", size.memory/2/size.cpus)
	qsub := []string{"exec", "qsub", "-terse", "-N", name, "-o", "/dev/null", "-e", "/dev/null", "-b", "y", "-l", memory}
	sleep := []string{"sleep", fmt.Sprintf("%.0f", length.Seconds())}
	p.must(t, "", slices.Concat(qsub, []string{"-t", fmt.Sprintf("1-%d", n-2), "-pe", "worker", fmt.Sprint(size.cpus)}, sleep)...)
	p.must(t, "", slices.Concat(qsub, []string{"-pe", gang, fmt.Sprint(2 * size.cpus)}, sleep)...)
	t.Cleanup(func() {
		if t.Failed() {
			_, _ = p.call("", "admin", "qdel", "-f", name) // none may be left
		}
	})
	return name
}

// running returns how many workers the jobs run on.
func (p *gridEnginePool) running(submission string) (int, error) {
	out, err := p.call("", "admin", "qstat", "-u", "*", "-s", "r", "-r", "-xml")
	if err != nil {
		return 0, err
	}
	var list struct {
		Jobs []struct {
			Name string `xml:"JB_name"`
			PE   struct {
				Name string `xml:"name,attr"`
			} `xml:"granted_pe"`
		} `xml:"queue_info>job_list"`
	}
	if err := xml.Unmarshal([]byte(out), &list); err != nil {
		return 0, err
	}
	n := 0
	for _, j := range list.Jobs {
		switch {
		case j.Name != submission:
		case j.PE.Name == gang:
			n += 2
		default:
			n++
		}
	}
	return n, nil
}

// accounting returns the lines of the file of ended jobs (accounting(5)).
func (p *gridEnginePool) accounting(submission string) ([][]string, error) {
	out, err := p.call("", "admin", "sh", "-c", "cat "+path.Join("${SGE_ROOT:-/var/lib/gridengine}", "${SGE_CELL:-default}", "common/accounting")+" 2>/dev/null || true")
	if err != nil {
		return nil, err
	}
	var lines [][]string
	for line := range strings.Lines(out) {
		if f := strings.Split(line, ":"); len(f) > 40 && f[4] == submission {
			lines = append(lines, f)
		}
	}
	return lines, nil
}

// ended counts the job over two hosts as two.
func (p *gridEnginePool) ended(submission string) ([]job, error) {
	lines, err := p.accounting(submission)
	if err != nil {
		return nil, err
	}
	at := func(text string) time.Time {
		seconds, _ := strconv.ParseInt(text, 10, 64)
		return time.Unix(seconds, 0)
	}
	var jobs []job
	for _, f := range lines {
		j := job{
			completed: f[11] == "0" && f[12] == "0", said: fmt.Sprintf("failed %s, exit status %s", f[11], f[12]),
			worker: f[1], queued: at(f[8]), began: at(f[9]),
		}
		if jobs = append(jobs, j); f[33] == gang {
			j.worker = ""
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// expectDone also wants that Grid Engine has forgotten all workers.
func (p *gridEnginePool) expectDone(t *testing.T, submission string, n int) {
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
	if left := p.must(t, "", "admin", "qstat", "-u", "*"); len(jobs) != n || left != "" {
		t.Errorf("%d ends for %d jobs, in the queue are:\n%s", len(jobs), n, left)
	}
	if hosts := p.must(t, "", "admin", "sh", "-c", "qconf -sel || true"); strings.Contains(hosts, "-cpu-") {
		t.Errorf("Grid Engine still has the hosts\n%s", hosts)
	}
	if listed := p.must(t, "", "admin", "qconf", "-sh"); strings.Contains(listed, "-cpu-") {
		t.Errorf("Grid Engine still has the administrative hosts\n%s", listed)
	}
}

func (p *gridEnginePool) stop(t *testing.T) {
	t.Helper()
	p.must(t, "", "stop-master")
}

func (p *gridEnginePool) start(t *testing.T) {
	t.Helper()
	p.must(t, "", "start-master")
}
