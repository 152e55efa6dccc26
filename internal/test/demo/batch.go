package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// batchSystem is what the demo plays of one batch system. All of its commands ask the
// same pool.
type batchSystem struct {
	name  string   // batch_system.type, and the label of the scaler's queue block
	tools []string // the commands that the demo stands in for

	// answer returns what a command prints. Its error is what the command says before it
	// fails. The caller holds the lock of the pool.
	answer func(p *pool, c call, now time.Time) (string, error)

	least        int          // workers that the cluster has at least
	listsDrained bool         // a drained worker stays in the list of workers until it is forgotten
	load         []submission // what users submit
}

// batchSystems are the batch systems that the demo can play; the first is the default.
var batchSystems = []batchSystem{htcondor, slurm, loadleveler}

// submission is a number of equal jobs that a user submits by one command.
type submission struct {
	jobs    int
	workers int    // that each job takes, all at once
	words   string // for the timeline
}

func findBatchSystem(name string) (batchSystem, error) {
	var names []string
	for _, b := range batchSystems {
		if b.name == name {
			return b, nil
		}
		names = append(names, b.name)
	}
	return batchSystem{}, fmt.Errorf("the demo can't play the batch system %q, only %s", name, strings.Join(names, ", "))
}

// isTool reports whether a command of that name belongs to a batch system.
func isTool(name string) bool {
	return slices.ContainsFunc(batchSystems, func(b batchSystem) bool { return slices.Contains(b.tools, name) })
}

// jobs returns how many jobs the batch system's load has.
func (b batchSystem) jobs() int {
	n := 0
	for _, s := range b.load {
		n += s.jobs
	}
	return n
}
