package bench

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestMain plays the child of TestLook, which takes 64 MiB until its input ends, and a
// tenth of a second of processor time.
func TestMain(m *testing.M) {
	if os.Getenv("VMCLUSTER_BENCH_CHILD") == "" {
		os.Exit(m.Run())
	}
	held := make([]byte, 64<<20)
	for begun := time.Now(); time.Since(begun) < 200*time.Millisecond; {
		for i := range held {
			held[i] = byte(i)
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(int(held[0]))
}

// The peaks of descendants and their processor time are seen, by the names of their programs.
func TestLook(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `"$0"; exit 3`, self) // a child of a child
	cmd.Env = append(os.Environ(), "VMCLUSTER_BENCH_CHILD=1")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	used := Usage{Peak: map[string]int64{}, Share: map[string]time.Duration{}}
	for seen := map[int]time.Duration{}; used.MB("bench.test") < 64 || used.Share["bench.test"] < 100*time.Millisecond; {
		used.look(cmd.Process.Pid, seen)
		time.Sleep(time.Millisecond)
	}
	input.Close()
	_ = cmd.Wait() // with status 3
	if used.MB("other") != 0 || len(used.Peak) < 2 {
		t.Errorf("peaks %v", used.Peak)
	}
	if most := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); used.Share["bench.test"] > most+20*time.Millisecond {
		t.Errorf("%v, although all took %s", used.Share, most)
	}
}

func TestRun(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exit 3")
	used, err := Run(cmd)
	if err == nil || cmd.ProcessState.ExitCode() != 3 || used.Wall <= 0 {
		t.Errorf("took %+v, %v", used, err)
	}
	if _, err := Run(exec.CommandContext(t.Context(), "/nonexistent/program")); err == nil {
		t.Error("a program that is not there has run")
	}
}

func TestCPUOfThisProcess(t *testing.T) {
	before, err := CPUOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after == before; {
		if after, err = CPUOf(os.Getpid()); err != nil || after < before {
			t.Fatalf("%s, before %s: %v", after, before, err)
		}
	}
	if _, err := CPUOf(0); err == nil {
		t.Error("process 0 has a processor time")
	}
}
