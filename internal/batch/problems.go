package batch

import (
	"slices"
	"sync"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Problems collects what goes wrong with workers, from several goroutines.
type Problems struct {
	mu   sync.Mutex
	list []cluster.Problem
}

// Add adds a problem.
func (p *Problems) Add(problem cluster.Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, problem)
}

// All returns the problems that were not taken yet.
func (p *Problems) All() []cluster.Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.list)
}

// Take returns the problems that were added since it was called last.
func (p *Problems) Take() []cluster.Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.list
	p.list = nil
	return out
}
