package progress

import (
	"errors"
	"io"
)

// waitingLines is how many lines wait for a place that takes none, such as a terminal
// that a person has stopped. Further ones are dropped.
const waitingLines = 100

// errFailed is the error of a pump whose writer has failed.
var errFailed = errors.New("an earlier line could not be written")

// pump writes in the background, so that no place of writing keeps an apply waiting.
type pump struct {
	out    io.WriteCloser
	lines  chan string
	ended  chan struct{} // closed when nothing is written any more
	failed chan struct{} // closed after a failure
}

func newPump(out io.WriteCloser) *pump {
	p := &pump{out: out, lines: make(chan string, waitingLines), ended: make(chan struct{}), failed: make(chan struct{})}
	go p.run()
	return p
}

func (p *pump) run() {
	defer close(p.ended)
	for line := range p.lines {
		if _, err := io.WriteString(p.out, line); err != nil {
			close(p.failed)
			return
		}
	}
}

// Write takes a line over.
func (p *pump) Write(line []byte) (int, error) {
	select {
	case <-p.failed:
		return 0, errFailed
	default:
	}
	select {
	case p.lines <- string(line):
	default: // dropped
	}
	return len(line), nil
}

// Close returns when the lines that wait are written. Nothing may be written after it.
func (p *pump) Close() error {
	close(p.lines)
	<-p.ended
	return p.out.Close()
}
