package slurm

import (
	"strings"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/constraint"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

// compiled is a clause that was read once, to be held against many workers.
type compiled struct {
	kind, value string
	expression  constraint.Expression // of --constraint
	nodes       hostlist.List         // of --nodelist or --exclude
	partitions  []wanted              // of --partition
	err         error                 // why it cannot be read
	refusal     answer                // of --nodelist or --exclude: the same for all workers
	compares    int                   // comparisons for a worker with one feature or partition, at most
}

// wanted is a partition that jobs ask for, with its sets of nodes as far as they are known.
type wanted struct {
	name string
	sets []string
}

func compile(clause string) *compiled {
	var c compiled
	c.kind, c.value, _ = strings.Cut(clause, ": ")
	switch c.kind {
	case clauseFeatures:
		c.expression, c.err = constraint.Parse(c.value)
		c.compares = c.expression.Features()
	case clauseNodes, clauseNotNodes:
		c.nodes, c.err = hostlist.Parse(c.value)
		c.compares = c.nodes.Parts()
		if c.refusal = unmet("--nodelist", c.value, "the jobs ask for these nodes only"); c.kind == clauseNotNodes {
			c.refusal = unmet("--exclude", c.value, "the jobs must not run there")
		}
	case clausePartitions:
		for part := range strings.SplitSeq(c.value, ",") {
			name, sets, told := strings.Cut(part, setsOf)
			w := wanted{name: name}
			if told {
				w.sets = strings.Split(sets, betweenSets)
			}
			c.partitions = append(c.partitions, w)
			c.compares += 1 + len(w.sets)
		}
	}
	return &c
}

// names returns the names of the partitions.
func (c *compiled) names() string {
	names := make([]string, len(c.partitions))
	for i, p := range c.partitions {
		names[i] = p.name
	}
	return strings.Join(names, ",")
}

// Bounds of what is remembered. Where each of thousands of jobs has clauses of its own,
// memory is worth more than time: what is full is emptied.
const (
	mostClauses   = 10_000
	mostMemory    = 16 << 20 // bytes, about
	perComparison = 100      // bytes, about
)

// clauses are compiled clauses by their text. The clauses of a queue stay the same from one
// reading to the next.
type clauses struct {
	mu     sync.Mutex
	of     map[string]*compiled
	memory int
}

var remembered clauses

// compile is the function compile, but reads a remembered text only once.
func (m *clauses) compile(clause string) *compiled {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.of[clause]; c != nil {
		return c
	}
	c := compile(clause)
	memory := 2*len(clause) + perComparison*(1+c.compares)
	if m.of == nil || len(m.of) >= mostClauses || m.memory+memory > mostMemory {
		m.of, m.memory = map[string]*compiled{}, 0
	}
	m.of[clause] = c
	m.memory += memory
	return c
}
