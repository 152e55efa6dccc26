package bench

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// lookEvery is the time between two looks at the memory of a run's processes. The
// kernel keeps the most that a process has had, so only a process that ends within this
// time after its peak is measured too low.
const lookEvery = 20 * time.Millisecond

// Usage is what a run took.
type Usage struct {
	Wall time.Duration
	CPU  time.Duration    // of the program and the processes that it waited for
	Peak map[string]int64 // most resident memory of one process, in bytes, by the name of its program

	// Share is the processor time of all processes of a program, by its name; what a
	// process uses after the last look at it is missing.
	Share map[string]time.Duration
}

// MB returns the most resident memory of a program, in MB (1,000,000 bytes); 0 if the
// run had no process of it.
func (u Usage) MB(program string) float64 { return float64(u.Peak[program]) / 1e6 }

// Run runs a command to its end and returns what it took, also when the command fails.
func Run(cmd *exec.Cmd) (Usage, error) {
	u := Usage{Peak: map[string]int64{}, Share: map[string]time.Duration{}}
	seen := map[int]time.Duration{}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return u, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	ended := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			u.look(cmd.Process.Pid, seen)
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	})
	err := cmd.Wait()
	u.Wall = time.Since(start)
	close(ended)
	looking.Wait()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u, err
}

// look notes the peaks of a process and its descendants, and the processor time that they
// have used since they were seen last.
func (u Usage) look(pid int, seen map[int]time.Duration) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return // it has ended
	}
	program, _ := os.Readlink(filepath.Join(folder, "exe")) // a process that has ended has none
	name := cmp.Or(filepath.Base(program), "?")
	u.Peak[name] = max(u.Peak[name], peakOf(string(status)))
	if cpu, err := CPUOf(pid); err == nil {
		u.Share[name] += cpu - seen[pid]
		seen[pid] = cpu
	}
	threads, _ := filepath.Glob(filepath.Join(folder, "task", "*", "children"))
	for _, list := range threads {
		children, _ := os.ReadFile(list) // the thread may have ended
		for child := range strings.FieldsSeq(string(children)) {
			if id, err := strconv.Atoi(child); err == nil {
				u.look(id, seen)
			}
		}
	}
}

// peakOf returns the most resident memory by the text of /proc/PID/status, in bytes.
func peakOf(status string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64) // 0 where there is no number
			return kilobytes << 10
		}
	}
	return 0
}

// ticks are the parts of a second in which /proc/PID/stat counts, on every Linux.
const ticks = 100

// CPUOf returns the processor time that a running process has used until now, without
// its children's, to a hundredth of a second.
func CPUOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the program's name may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the processor time of process %d: /proc/PID/stat has %d fields", pid, len(fields))
	}
	var sum int64
	for _, field := range fields[11:13] { // in user mode, in the kernel
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}
