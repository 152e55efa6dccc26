package loadleveler

import (
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/loadleveler/requirements"
)

// Bounds of what is remembered. Where each of thousands of steps has requirements of its
// own, memory is worth more than time: what is full is emptied.
const (
	mostRemembered = 10_000
	mostMemory     = 16 << 20 // bytes, about
	perPart        = 100      // bytes of a part of an expression, about
)

// parsed is an expression that was read once, to be held against many workers.
type parsed struct {
	expression requirements.Expression
	err        error
}

// memoryOf are expressions by their text. The requirements of a queue stay the same from
// one reading to the next.
type memoryOf struct {
	mu    sync.Mutex
	of    map[string]parsed
	bytes int
}

var remembered memoryOf

// parse is requirements.Parse, but reads a remembered text only once.
func (m *memoryOf) parse(text string) (requirements.Expression, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, known := m.of[text]; known {
		return p.expression, p.err
	}
	var p parsed
	p.expression, p.err = requirements.Parse(text)
	bytes := 2*len(text) + perPart*(1+p.expression.Size())
	if m.of == nil || len(m.of) >= mostRemembered || m.bytes+bytes > mostMemory {
		m.of, m.bytes = map[string]parsed{}, 0
	}
	m.of[text] = p
	m.bytes += bytes
	return p.expression, p.err
}
