package loop

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// Limits of what is read of consoles.
const (
	consoleLines   = 30 // of each console
	consolesARound = 3
	// consoleTimeout is how long the removals of one round wait for consoles at
	// most. The client repeats a call that fails for minutes; a console that is not
	// read by then is given up.
	consoleTimeout = 15 * time.Second
)

// console is what was read of one server's console.
type console struct {
	step decide.Step
	text string
	err  error
}

// readConsoles begins to read the consoles of workers that are removed because they
// failed, and returns a function that waits for them, consoleTimeout at most, and
// logs their ends. A console is logged once.
func (a *actions) readConsoles(ctx context.Context, steps []decide.Step) (logConsoles func()) {
	if a.Consoles == nil {
		return func() {}
	}
	var consoles []*console
	shown := map[string]bool{} // a server that is gone by the next round is forgotten
	for _, s := range steps {
		if s.Fault == "" || s.Server == "" {
			continue
		}
		shown[s.Server] = true
		if !a.state.consoles[s.Server] && len(consoles) < consolesARound && ctx.Err() == nil {
			consoles = append(consoles, &console{step: s})
		}
	}
	a.state.consoles = shown
	reading, cancel := context.WithTimeout(ctx, consoleTimeout)
	var all sync.WaitGroup
	for _, c := range consoles {
		all.Go(func() { c.text, c.err = a.Consoles.ConsoleTail(reading, c.step.Server, consoleLines) })
	}
	return func() {
		defer a.times.enter(record.PartConsoles)()
		all.Wait()
		cancel()
		for _, c := range consoles {
			a.logConsole(*c)
		}
	}
}

func (a *actions) logConsole(c console) {
	switch {
	case c.err != nil:
		a.Log.Info("the console of a worker that failed can't be read", "worker", c.step.Worker, "server", c.step.Server, "error", c.err)
	case strings.TrimSpace(c.text) == "":
		a.Log.Info("the console of a worker that failed is empty", "worker", c.step.Worker, "server", c.step.Server)
	default:
		a.Log.Warn("the end of the console of a worker that failed", "worker", c.step.Worker, "server", c.step.Server, "fault", c.step.Fault, "console", c.text)
	}
}
