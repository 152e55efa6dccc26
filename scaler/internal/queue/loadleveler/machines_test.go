package loadleveler

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// readMachines returns a reading of an empty queue on one machine, in the three listings.
func readMachines(t *testing.T, state, resources, long string) queue.Snapshot {
	t.Helper()
	p := in("5").without()
	p.states, p.resources, p.machines = state+"\n", resources+"\n", long+"\n"
	return read(t, p.tools(t))
}

func TestMachines(t *testing.T) {
	for name, tt := range map[string]struct{ state, resources, long, want string }{
		"free":                 {"w1.hpc.test!1!Idle!0!4!8!8000!AMD64!Linux2", "w1 ConsumableCpus(8,8) ConsumableMemory(7.500 gb,7.500 gb)", "", "w1: 8 of 8 CPUs, 7680 of 7680 MiB, 0 GPUs, 0 run, Idle"},
		"without resources":    {"w1!1!Running!1!4!8!8000!AMD64!Linux2", "w1", "", "w1: 3 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 1 run, Running"},
		"without initiators":   {"w1!1!Idle!0!!8!8000 mb!AMD64!Linux2", "w1", "", "w1: 8 of 8 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, Idle"},
		"busy":                 {"w1!1!Busy!0!4!4!8000!AMD64!Linux2", "w1 ConsumableCpus(1,4)", "", "w1: 0 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 1 run, Busy"},
		"running, by its word": {"w1!1!Running!0!4!4!8000!AMD64!Linux2", "w1", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 1 run, Running"},
		"affinity":             {"w1!1!Idle!0!4!4!8000!AMD64!Linux2", "w1 ConsumableCpus< 0-1,4 >< 0-7 >*", "", "w1: 3 of 8 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, Idle"},
		"GPUs":                 {"w1!1!Idle!0!4!4!8000!AMD64!Linux2", "w1 gpus(1,2)+ scratch(3,5)", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 2 GPUs, 0 run, Idle"},
		"several lines":        {"w1!1!Idle!0!4!4!8000!AMD64!Linux2", "Machine   Consumable Resource(Available, Total)\n--------- ------\nw1 ConsumableCpus(2,2)\n   ConsumableMemory(1 gb,2 gb)\n\nResources with \"+\" appended to their names", "", "w1: 2 of 2 CPUs, 1024 of 2048 MiB, 0 GPUs, 0 run, Idle"},
		"draining":             {"w1!1!Draining!0!4!4!8000!AMD64!Linux2", "w1", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, Draining, draining"},
		"drained, cut off":     {"w1!1!Drned!0!4!4!8000!AMD64!Linux2", "w1", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, Drned, draining"},
		"suspended":            {"w1!1!Suspend!0!4!4!8000!AMD64!Linux2", "w1", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, Suspend, draining"},
		"flushed":              {"w1!1!Flush!0!4!4!8000!AMD64!Linux2", "w1", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, Flush, draining"},
		"without a class":      {"w1!1!None!0!4!4!8000!AMD64!Linux2", "w1", "", "w1: 4 of 4 CPUs, 8000 of 8000 MiB, 0 GPUs, 0 run, None, draining"},
		"down":                 {"w1!1!Down!0!4!4!8000!AMD64!Linux2", "w1#", "", ""},
		"gone":                 {"w1!0!Idle!0!4!4!8000!AMD64!Linux2", "w1#", "", ""},
		"more than there is":   {"w1!1!Idle!0!99999999999!99999999999!1e99!AMD64!Linux2", "w1 ConsumableCpus(99999999999,3)", "", "w1: 3 of 3 CPUs, 1073741824 of 1073741824 MiB, 0 GPUs, 0 run, Idle"},
	} {
		long := tt.long
		if long == "" {
			long = "Name = w1.hpc.test\nState = x"
		}
		s := readMachines(t, tt.state, tt.resources, long)
		s.Running = 0
		if got := strings.TrimPrefix(strings.TrimPrefix(inShort(s), "0 run"), "\n"); got != tt.want && !strings.HasPrefix(got, tt.want+"\n! machine w1 has a step") {
			t.Errorf("%s: %s\nwant %s", name, got, tt.want)
		}
		if problems := queuetest.Problems(s); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// What llstatus -l says is what a Judge gets.
func TestAttributes(t *testing.T) {
	s := readMachines(t, "w1.hpc.test!1!Idle!0!4!8!8000!AMD64!Linux2", "w1.hpc.test ConsumableCpus(4,4) licence(1,2)",
		"Name = w1.hpc.test\nConfiguredClasses = serial(4) parallel(2) serial(2)\nFeature = \"gpu\" fast\nPool = 1 2\nEnteredCurrentState = Fri Nov 22 11:50:00 2024\n")
	w, _ := s.Worker("w1")
	for name, want := range map[string]any{
		nodeAttribute: "w1", machineAttribute: "w1.hpc.test", classesAttribute: "serial parallel", featuresAttribute: "gpu fast", poolsAttribute: "1 2",
		archAttribute: "AMD64", systemAttribute: "Linux2", memoryAttribute: int64(8000), resourceAttribute: "licence(2)",
	} {
		if w.Attributes[name] != want {
			t.Errorf("%s: %v, want %v", name, w.Attributes[name], want)
		}
	}
	if got := w.IdleSince.Format("2006-01-02 15:04"); got != "2024-11-22 11:50" {
		t.Errorf("idle since %s", got)
	}
}

// A machine with a name that is none, or that is listed twice, costs itself alone.
func TestOddMachines(t *testing.T) {
	s := readMachines(t, "../x!1!Idle!0!4!4!8000!A!L\nw1!1!Idle!0!4!4!8000!A!L\nw1.other!1!Busy!3!4!4!8000!A!L\nw2!1!Idle", "w1 ConsumableCpus(4,4)", "Name = w1")
	if len(s.Workers) != 1 || s.Workers[0].State != "Idle" || len(s.LeftOut) != 2 || len(s.Partial) > 0 {
		t.Errorf("%s", inShort(s))
	}
}
