//go:build acceptance

package acceptance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/pooltest"
)

// condorPool is a real HTCondor pool, with an access point that has a queue of its own
// and no worker but those that a test makes.
type condorPool struct{ program }

func newCondorPool(t *testing.T) pool {
	t.Helper()
	p := &condorPool{programOf(t, cloudenv.Pool, "an HTCondor pool")}
	if workers := p.workers(t); len(workers) > 0 {
		t.Fatalf("the pool has workers already, it must be empty: %v", workers)
	}
	if jobs := p.jobs(t); len(jobs) > 0 {
		t.Fatalf("the pool has jobs already, it must be empty: %v", jobs)
	}
	p.configure(t)
	return p
}

// configure has the central manager take workers' tokens as a front-end does.
func (p *condorPool) configure(t *testing.T) {
	t.Helper()
	value := func(name string) string { return strings.TrimSpace(p.must(t, "", "admin", "condor_config_val", name)) }
	text, err := pooltest.Configuration(t.Context(), "front-end", value("UID_DOMAIN"), value("CONDOR_HOST"))
	if err != nil {
		t.Fatal(err)
	}
	p.must(t, text, "configure")
	t.Cleanup(func() {
		if _, err := p.call("", "configure"); err != nil {
			t.Error(err)
		}
	})
}

func (p *condorPool) kind() string { return "htcondor" }

func (p *condorPool) batchSystem() string { return p.kind() }

func (p *condorPool) tools() []string { return []string{"condor_q", "condor_status"} }

// options are those of the queue block: the pool's machines are not the cloud's servers.
func (p *condorPool) options(tools string) string {
	return fmt.Sprintf("bin = %q\n  other_addresses = true", tools)
}

// boot starts a worker's daemons with a token of its own.
func (p *condorPool) boot(name, group, server string, size workerSize) error {
	token, err := p.token(name)
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	_, err = p.call(token, "add", name, fmt.Sprint(size.cpus), fmt.Sprint(size.memory),
		fmt.Sprintf("VmclusterName=%q", name), fmt.Sprintf("VmclusterGroup=%q", group), fmt.Sprintf("NovaInstanceUUID=%q", server))
	return err
}

// endsByDrain implements pool: the startd of a drained worker ends.
func (p *condorPool) endsByDrain() bool { return true }

func (p *condorPool) back(string) error { return nil }

func (p *condorPool) stop(t *testing.T) {
	t.Helper()
	p.must(t, "", "stop-schedd")
}

func (p *condorPool) start(t *testing.T) {
	t.Helper()
	p.must(t, "", "start-schedd")
}

// token makes a worker's token, as the front-end does: another identity each time.
func (p *condorPool) token(name string) (string, error) {
	domain, err := p.call("", "admin", "condor_config_val", "UID_DOMAIN")
	if err != nil {
		return "", err
	}
	identity := fmt.Sprintf("worker.%s.%08x@%s", name, rand.Uint32(), strings.TrimSpace(domain))
	return p.call("", "admin", "condor_token_create", "-identity", identity, "-key", "POOL", "-authz", "ADVERTISE_STARTD", "-authz", "ADVERTISE_MASTER")
}

// status lists the workers, by the name that vmcluster gives them.
func (p *condorPool) status() (map[string]slot, error) {
	out, err := p.call("", "exec", "condor_status", "-constraint", "PartitionableSlot", "-af", "VmclusterName", "Machine", "DaemonStartTime")
	if err != nil {
		return nil, err
	}
	slots := map[string]slot{}
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		if len(words) != 3 {
			return nil, fmt.Errorf("condor_status printed %q", line)
		}
		seconds, _ := strconv.ParseInt(words[2], 10, 64) // undefined: 1970
		slots[words[0]] = slot{machine: words[1], started: time.Unix(seconds, 0)}
	}
	return slots, nil
}

func (p *condorPool) workers(t *testing.T) []string {
	t.Helper()
	return strings.Fields(p.must(t, "", "exec", "condor_status", "-af", "Name"))
}

func (p *condorPool) jobs(t *testing.T) []string {
	t.Helper()
	return strings.Fields(p.must(t, "", "exec", "condor_q", "-allusers", "-af:j", "JobStatus"))
}

// drain does the front-end's part for a worker that is marked: its startd is asked
// to end, if it runs nothing. It reports whether the worker is still in use.
func (p *condorPool) drain(name string) bool {
	known, err := p.status()
	if err != nil {
		return true
	}
	s, there := known[name]
	if !there {
		return false // its startd has ended
	}
	_, err = p.call("", "admin", "condor_drain", "-check", `State=="Unclaimed" && Activity=="Idle"`, "-exit-on-completion",
		"-reason", "vmcluster: leaving", s.machine)
	return err != nil // also draining already: the next round sees its end
}

// forget has the collector drop the ads of machines, as the front-end does for
// those that have left the roster.
func (p *condorPool) forget(machines ...string) error {
	if len(machines) == 0 {
		return nil
	}
	var failed []error
	for kind, command := range map[string]string{"Machine": "INVALIDATE_STARTD_ADS", "StartD": "INVALIDATE_STARTD_ADS", "DaemonMaster": "INVALIDATE_MASTER_ADS"} {
		query := fmt.Sprintf("MyType = \"Query\"\nTargetType = %q\nRequirements = stringListMember(Machine, %q)\n", kind, strings.Join(machines, ","))
		_, err := p.call(query, "admin", "condor_advertise", command, "-")
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// submit queues n jobs that fill a worker each, and returns their cluster.
func (p *condorPool) submit(t *testing.T, n int, size workerSize, length time.Duration) string {
	t.Helper()
	p.must(t, "", "exec", "rm", "-f", eventLog)
	out := p.must(t, fmt.Sprintf(`executable = /bin/sleep
arguments = %.0f
transfer_executable = false
should_transfer_files = yes
when_to_transfer_output = on_exit
request_cpus = %d
request_memory = %d
request_disk = 1MB
log = %s
queue %d
`, length.Seconds(), size.cpus, size.memory/2, eventLog, n), "exec", "condor_submit", "-terse", "-")
	id, _, ok := strings.Cut(out, ".")
	if !ok {
		t.Fatalf("condor_submit printed %q", out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			_, _ = p.call("", "exec", "condor_rm", id) // none may be left
		}
	})
	return id
}

// ended returns the jobs of a cluster that have left the queue.
func (p *condorPool) ended(id string) ([]job, error) {
	out, err := p.call("", "exec", "condor_history", id, "-af", "JobStatus", "ExitCode", "LastRemoteHost", "QDate", "JobStartDate")
	if err != nil {
		return nil, err
	}
	var jobs []job
	for line := range strings.Lines(out) {
		w := strings.Fields(line)
		if len(w) != 5 {
			return nil, fmt.Errorf("condor_history printed %q", line)
		}
		_, host, _ := strings.Cut(w[2], "@")
		name, _, _ := strings.Cut(host, ".")
		queued, _ := strconv.ParseInt(w[3], 10, 64)
		began, _ := strconv.ParseInt(w[4], 10, 64)
		jobs = append(jobs, job{completed: w[0] == "4" && w[1] == "0", said: "status " + w[0] + ", exit status " + w[1], worker: name, queued: time.Unix(queued, 0), began: time.Unix(began, 0)})
	}
	return jobs, nil
}

// running counts the jobs of a cluster that run now.
func (p *condorPool) running(id string) (int, error) {
	out, err := p.call("", "exec", "condor_q", id, "-constraint", "JobStatus == 2", "-af", "ProcId")
	return len(strings.Fields(out)), err
}
