package loop

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Limits of what is read of consoles.
const (
	consoleLines  = 30 // of each console
	consolesATick = 3
	// consoleTimeout is how long the removals of one round wait for consoles at
	// most. The client repeats a call that fails for minutes; a console that is not
	// read by then is given up.
	consoleTimeout = 15 * time.Second
)

// Consoles reads servers' consoles.
type Consoles interface {
	// ConsoleTail returns the last lines of a server's console log.
	ConsoleTail(ctx context.Context, serverID string, lines int) (string, error)
}

// console is what was read of one server's console.
type console struct {
	step decide.Step
	text string
	err  error
}

// consoles begins to read the consoles of workers that are removed because they
// failed, and returns a function that waits for them, consoleTimeout at most, and
// logs their ends. A console is logged once.
func (a *actions) consoles(ctx context.Context, lists ...[]decide.Step) (wait func()) {
	if a.l.Consoles == nil {
		return func() {}
	}
	var consoles []*console
	shown := map[string]bool{} // a server that is gone by the next tick is forgotten
	for _, steps := range lists {
		for _, s := range steps {
			if s.Fault == "" || s.Server == "" {
				continue
			}
			shown[s.Server] = true
			if !a.l.shown[s.Server] && len(consoles) < consolesATick && ctx.Err() == nil {
				consoles = append(consoles, &console{step: s})
			}
		}
	}
	a.l.shown = shown
	reading, cancel := context.WithTimeout(ctx, consoleTimeout)
	var all sync.WaitGroup
	for _, c := range consoles {
		all.Go(func() { c.text, c.err = a.l.Consoles.ConsoleTail(reading, c.step.Server, consoleLines) })
	}
	return func() {
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
		a.l.Log.Info("the console of a worker that failed can't be read", "worker", c.step.Worker, "server", c.step.Server, "error", c.err)
	case strings.TrimSpace(c.text) == "":
		a.l.Log.Info("the console of a worker that failed is empty", "worker", c.step.Worker, "server", c.step.Server)
	default:
		a.l.Log.Warn("the end of the console of a worker that failed", "worker", c.step.Worker, "server", c.step.Server, "fault", c.step.Fault, "console", c.text)
	}
}
