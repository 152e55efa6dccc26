package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	sim "github.com/vmcluster/terraform-provider-vmcluster/internal/test/loadleveler"
)

// loadleveler is played by the simulated LoadLeveler as a cluster from zero, whose
// workers are machines of the machine list. A worker that is drained stays in the list until
// the front-end takes it out.
var loadleveler = batchSystem{
	name:         "loadleveler",
	tools:        sim.Tools,
	answer:       answerLoadLeveler,
	listsDrained: true,
	load: []submission{
		{jobs: 1, workers: 2, words: "a job on two workers arrives: node = 2"},
		{jobs: 10, workers: 1, words: "a job of ten steps arrives"},
	},
}

const (
	loadlManager = "astro-frontend" + loadlDomain
	loadlDomain  = ".astro.vmcluster.internal"
	loadlClass   = "all_groups"
)

// answerLoadLeveler prints what the programs of LoadLeveler 5 print.
func answerLoadLeveler(p *pool, c call, _ time.Time) (string, error) {
	env := slices.DeleteFunc(slices.Clone(c.Env), func(e string) bool { return !strings.HasPrefix(e, "TZ=") && !strings.HasPrefix(e, "LC_") })
	return sim.Play(context.Background(), p.loadleveler("5.1.0.4"), c.Tool, c.Args, env)
}

// loadleveler returns the pool as LoadLeveler of that version knows it.
func (p *pool) loadleveler(version string) sim.State {
	s := sim.State{Version: version, Manager: loadlManager, Classes: []string{loadlClass, "cpu"},
		Machines: []sim.Machine{{Name: loadlManager, Up: true, CPUs: 2, Memory: 4096, Scheduler: true}}}
	for _, name := range p.names() {
		s.Machines = append(s.Machines, sim.Machine{Name: name + loadlDomain, Up: true, Drain: !p.accepts(name), CPUs: workerCPUs, Memory: workerMemory, Class: "cpu"})
	}
	for _, j := range p.jobs {
		if j.done {
			continue
		}
		step := sim.Step{ID: fmt.Sprintf("%s.%d.%d", loadlManager, j.submission, j.index), Owner: "ada", Queued: j.arrived.Unix(), State: "I", Class: loadlClass,
			Nodes: j.needs, CPUs: 1, Memory: jobMemory, Limit: 3600, Priority: 50}
		if j.runs() {
			step.State, step.Started = "R", j.started.Unix()
			for _, name := range j.workers {
				step.Hosts = append(step.Hosts, name+loadlDomain)
			}
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}
