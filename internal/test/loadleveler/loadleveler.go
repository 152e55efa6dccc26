// Package loadleveler simulates IBM's LoadLeveler: the programs llq, llstatus, llctl and
// llclass print what versions 3 and 5 print, from a state that is a value. No LoadLeveler is
// to be had any more; llsim.py says which sources show the forms.
package loadleveler

import (
	"context"
	_ "embed" // the simulator
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tools are the simulated programs.
var Tools = []string{"llq", "llstatus", "llctl", "llclass"}

//go:embed llsim.py
var simulator []byte

// State is a LoadLeveler cluster at one moment. The words of its JSON form are those of
// the simulator.
type State struct {
	Version  string    `json:"version"` // as in "3.5.1.16"
	Manager  string    `json:"manager"` // full name of the central manager
	Down     bool      `json:"down"`    // the central manager does not answer
	Classes  []string  `json:"classes"` // the first is every machine's
	Machines []Machine `json:"machines"`
	Steps    []Step    `json:"steps"`
}

// Machine is an entry of the machine list.
type Machine struct {
	Name      string `json:"name"` // full
	Up        bool   `json:"up"`
	Drain     bool   `json:"drain"`
	CPUs      int    `json:"cpus"`
	Memory    int    `json:"memory"`    // MiB
	Class     string `json:"class"`     // that it has beside the first
	Scheduler bool   `json:"scheduler"` // it has the queue, and runs no jobs
}

// Step is a job step.
type Step struct {
	ID       string   `json:"id"` // HOST.JOB.STEP
	Owner    string   `json:"owner"`
	Queued   int64    `json:"queued"`  // seconds since the epoch, as Started
	Started  int64    `json:"started"` // 0 for a step that waits
	State    string   `json:"state"`   // as in the column ST
	Class    string   `json:"class"`
	Nodes    int      `json:"nodes"`
	CPUs     int      `json:"cpus"`   // of each node, as Memory
	Memory   int      `json:"memory"` // MiB
	Limit    int      `json:"limit"`  // seconds
	Priority int      `json:"priority"`
	Hosts    []string `json:"hosts"` // full names
	Message  string   `json:"message"`
	Geometry bool     `json:"geometry"` // llq -l has a block for each node
}

// Play returns what a program prints for a state. Its error is what the program says
// before it fails. env has further KEY=VALUE for it, as in TZ.
func Play(ctx context.Context, s State, tool string, args, env []string) (string, error) {
	dir, err := os.MkdirTemp("", "vmcluster-llsim-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the simulated LoadLeveler: %w", err)
	}
	defer os.RemoveAll(dir)
	for i := range s.Steps { // a list of none is one in JSON, too
		s.Steps[i].Hosts = append([]string{}, s.Steps[i].Hosts...)
	}
	s.Steps, s.Machines, s.Classes = append([]Step{}, s.Steps...), append([]Machine{}, s.Machines...), append([]string{}, s.Classes...)
	state, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("write the state of the simulated LoadLeveler: %w", err)
	}
	program, file := filepath.Join(dir, "llsim.py"), filepath.Join(dir, "state.json")
	for name, text := range map[string][]byte{program: simulator, file: state} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return "", fmt.Errorf("write the state of the simulated LoadLeveler: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "python3", append([]string{"-B", "-I", "-S", program, file, tool}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return "", errors.New(strings.TrimSpace(string(failed.Stderr)))
	}
	return string(out), err
}
