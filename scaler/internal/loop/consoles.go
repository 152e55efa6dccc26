package loop

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Limits of what is read of consoles.
const (
	consoleLines     = 30 // of each console
	consolesTogether = 3
	// consoleTimeout is how long the removal of a worker waits for its console at most.
	// The client repeats a call that fails for minutes; a console that is not read by
	// then is given up.
	consoleTimeout = 15 * time.Second
)

// console is what was read of one server's console.
type console struct {
	step decide.Step
	text string
	err  error
}

// consoles are the consoles of workers that failed. They are read beside the rounds, and
// a worker's removal waits for its console for a round or two.
type consoles struct {
	reading beside[string, console] // by server ID
	begun   map[string]time.Time    // server ID → when its reading was begun
	over    map[string]bool         // server IDs whose consoles were read or given up
}

func newConsoles() *consoles {
	return &consoles{
		reading: beside[string, console]{most: consolesTogether, timeout: consoleTimeout},
		begun:   map[string]time.Time{}, over: map[string]bool{},
	}
}

// takeConsoles logs the consoles that were read since the last round.
func (r *round) takeConsoles() {
	s := r.state.consoles
	for id, c := range s.reading.take() {
		s.over[id] = true
		c.log(r.Log)
	}
}

// afterConsoles returns those of the steps that can be carried out now. For the others, a
// console of a worker that failed is read first. A console is logged once.
func (a *actions) afterConsoles(ctx context.Context, steps []decide.Step) []decide.Step {
	var now []decide.Step
	for _, s := range steps {
		if a.consoleIsOver(ctx, s) {
			now = append(now, s)
			continue
		}
		a.record.Notes = append(a.record.Notes, decide.Note{About: s.Worker, Reason: reason.New(reason.ConsoleFirst)})
	}
	return now
}

// consoleIsOver reports whether a step waits for no console, and begins to read the
// console of one that does. A server that is gone by the next round is forgotten then.
func (a *actions) consoleIsOver(ctx context.Context, step decide.Step) bool {
	s, id := a.state.consoles, step.Server
	if a.Consoles == nil || step.Fault == "" || id == "" || s.over[id] {
		return true
	}
	if since, begun := s.begun[id]; begun {
		return a.now().Sub(since) >= consoleTimeout
	}
	s.begun[id] = a.now()
	s.over[id] = !s.reading.begin(ctx, id, func(ctx context.Context) console {
		text, err := a.Consoles.ConsoleTail(ctx, id, consoleLines)
		return console{step: step, text: text, err: err}
	})
	return s.over[id]
}

// waitEnds returns when the first removal that waits for a console waits no longer; zero
// where none waits.
func (c *consoles) waitEnds() time.Time {
	var first time.Time
	if c == nil {
		return first
	}
	for id, since := range c.begun {
		if end := since.Add(consoleTimeout); !c.over[id] && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	return first
}

// keepConsoles forgets the consoles of servers that no step of this round is about.
func (r *round) keepConsoles(d decide.Decision) {
	s, there := r.state.consoles, map[string]bool{}
	for _, id := range going(d) {
		there[id] = true
	}
	for _, n := range r.facts.Cluster.Nodes {
		there[n.ID] = true
	}
	for id := range s.begun {
		if !there[id] {
			delete(s.begun, id)
			delete(s.over, id)
		}
	}
}

func (c console) log(to hclog.Logger) {
	switch {
	case c.err != nil:
		to.Info("the console of a worker that failed can't be read", "worker", c.step.Worker, "server", c.step.Server, "error", c.err)
	case strings.TrimSpace(c.text) == "":
		to.Info("the console of a worker that failed is empty", "worker", c.step.Worker, "server", c.step.Server)
	default:
		to.Warn("the end of the console of a worker that failed", "worker", c.step.Worker, "server", c.step.Server, "fault", c.step.Fault, "console", c.text)
	}
}
