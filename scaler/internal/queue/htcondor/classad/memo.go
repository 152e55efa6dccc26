package classad

import "errors"

// memo holds values of the job's attributes. Most jobs have a few, which are looked
// through; an index serves those with many.
type memo struct {
	known []memoized
	few   [fewMemoized]memoized
	index map[string]int
}

const fewMemoized = 4

type memoized struct {
	name  string
	done  bool // else the evaluation has begun
	value any
	err   error
}

func (m *memo) find(name string) (int, bool) {
	if m.index != nil {
		i, ok := m.index[name]
		return i, ok
	}
	for i := range m.known {
		if m.known[i].name == name {
			return i, true
		}
	}
	return 0, false
}

// add notes that the evaluation of an attribute begins.
func (m *memo) add(name string) int {
	if m.known == nil {
		m.known = m.few[:0]
	}
	m.known = append(m.known, memoized{name: name})
	switch {
	case m.index != nil:
		m.index[name] = len(m.known) - 1
	case len(m.known) > fewMemoized:
		m.index = map[string]int{}
		for i := range m.known {
			m.index[m.known[i].name] = i
		}
	}
	return len(m.known) - 1
}

func (m *memo) set(i int, value any, err error) {
	e := &m.known[i]
	e.done, e.value, e.err = true, value, err
}

// get returns the value of an attribute. While that is evaluated, it is an error.
func (m *memo) get(i int) (any, error) {
	e := &m.known[i]
	if !e.done {
		return nil, errors.New("attribute " + e.name + " refers to itself")
	}
	return e.value, e.err
}
