//go:build acceptance

package htcondor_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor"
)

// What a tick may cost with that many jobs in a real queue, beyond what
// HTCondor's tools take for themselves.
const (
	poolJobs        = 50_000
	poolSubmissions = 50
	mostCPU         = 200 * time.Millisecond
	mostMemoryMiB   = 80
)

// TestTickOnARealPool queues 50,000 jobs that no worker runs, reads them as the
// scaler does, decides, and removes them. It runs on an access point, as a user that
// may submit jobs (README: VMCLUSTER_ACC_SCHEDD).
func TestTickOnARealPool(t *testing.T) {
	schedd := os.Getenv("VMCLUSTER_ACC_SCHEDD")
	if schedd == "" {
		t.Skip("VMCLUSTER_ACC_SCHEDD is not set")
	}
	mark := fmt.Sprintf("vmcluster-test-%d", time.Now().Unix())
	t.Cleanup(func() {
		if out, err := exec.Command("condor_rm", "-name", schedd, "-constraint", fmt.Sprintf("VmclusterTest == %q", mark)).CombinedOutput(); err != nil {
			t.Errorf("remove the jobs: %v: %s", err, out)
		}
	})
	start := time.Now()
	for i := range poolSubmissions {
		submit(t, schedd, mark, i)
	}
	t.Logf("%d jobs in %d submissions: %s", poolJobs, poolSubmissions, time.Since(start).Round(time.Second))

	reader := htcondor.New(htcondor.Options{Schedds: []string{schedd}, Runner: command.Exec{Timeout: time.Minute}})
	var memory decide.Memory
	least := time.Hour
	for range 5 {
		own, tools, began := cpu(t, syscall.RUSAGE_SELF), cpu(t, syscall.RUSAGE_CHILDREN), time.Now()
		s, err := reader.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, m := decide.Tick(facts(s), policy(), memory, time.Now())
		memory = m
		took := cpu(t, syscall.RUSAGE_SELF) - own
		least = min(least, took)
		t.Logf("%d waiting jobs in %d groups, %d new workers: %s CPU, tools %s CPU, %s in all",
			s.Waiting(), len(s.Jobs), out.Demand.New(), took, cpu(t, syscall.RUSAGE_CHILDREN)-tools, time.Since(began).Round(time.Millisecond))
		if len(s.Partial) > 0 || s.Waiting() < poolJobs || len(s.Jobs) < 5 {
			t.Fatalf("%d waiting jobs in %d groups, partial %v", s.Waiting(), len(s.Jobs), s.Partial)
		}
		if need := out.Demand.Needs["acc-cpu"].Workers; need != 1000 {
			t.Errorf("%d new workers, want the 1000 that there may be", need)
		}
	}
	// Other programs on the machine can only lengthen it.
	if least > mostCPU {
		t.Errorf("a tick took %s of CPU, more than %s", least, mostCPU)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	t.Logf("memory: %d MiB at most", u.Maxrss/1024)
	if u.Maxrss > mostMemoryMiB*1024 {
		t.Errorf("it took %d MiB, more than %d", u.Maxrss/1024, mostMemoryMiB)
	}
}

func submit(t *testing.T, schedd, mark string, i int) {
	t.Helper()
	// request_memory by expression in every fifth: it is to be computed.
	memory := fmt.Sprint(500 + 250*(i%8))
	if i%5 == 0 {
		memory = "ifThenElse(NumJobStarts > 0, 4096, 1024)"
	}
	lines := []string{
		"executable = /bin/true", "transfer_executable = false", "should_transfer_files = yes", "when_to_transfer_output = on_exit",
		fmt.Sprintf("request_cpus = %d", 1+i%4), "request_memory = " + memory, "request_disk = 1MB",
		`+VmclusterGroup = "acc-cpu"`, fmt.Sprintf("+VmclusterTest = %q", mark),
		"requirements = TARGET.VmclusterGroup == MY.VmclusterGroup", fmt.Sprintf("queue %d", poolJobs/poolSubmissions),
	}
	c := exec.Command("condor_submit", "-name", schedd, "-terse", "-")
	c.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("submit: %v: %s", err, out)
	}
}

func facts(s queue.Snapshot) decide.Facts {
	f := decide.Facts{Queue: s, Flavors: map[string]queue.Shape{"acc-cpu": {Cpus: 8, MemoryMiB: 16000}}}
	f.Cluster.Document = cluster.Document{Name: "acc", Groups: map[string]cluster.GroupSpec{"acc-cpu": {}}}
	return f
}

func policy() decide.Policy {
	p := decide.DefaultPolicy()
	p.Groups["acc-cpu"] = decide.Bounds{Max: 1000}
	return p
}

func cpu(t *testing.T, who int) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
