package classad

import "sync"

// Cache remembers expressions by their text. The clauses of a queue stay the same
// from one reading to the next. The zero value is empty; a Cache may be used by
// several goroutines.
type Cache struct {
	mu     sync.Mutex
	of     map[string]*Expression
	memory int // of all of them, in bytes, about
}

// Bounds of a cache. A full cache is emptied: where each of 50,000 jobs has a clause of
// its own, memory is worth more than time.
const (
	mostExpressions = 10_000
	mostMemory      = 32 << 20
)

// perNode is the memory of a node, about.
const perNode = 100

// Compile is the function Compile, but reads a remembered text only once.
func (c *Cache) Compile(text string) *Expression {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of[text]
	if e != nil {
		return e
	}
	e = Compile(text)
	memory := 2*len(text) + perNode*e.nodes
	if c.of == nil || len(c.of) >= mostExpressions || c.memory+memory > mostMemory {
		c.of, c.memory = map[string]*Expression{}, 0
	}
	c.of[text] = e
	c.memory += memory
	return e
}

// ValueOf reads what TextOf writes.
func (c *Cache) ValueOf(text string) any {
	if text == unread {
		return Unknown{}
	}
	if n, ok := PlainNumber([]byte(text)); ok {
		return n.Value()
	}
	e := c.Compile(text)
	if l, ok := e.root.(literal); ok {
		return l.is
	}
	return e
}
