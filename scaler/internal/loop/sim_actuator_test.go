package loop_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Add implements the actuator.
func (s *sim) Add(_ context.Context, _, group string, n int) ([]string, error) {
	if s.addTakes > 0 {
		time.Sleep(s.addTakes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.calls = append(s.calls, fmt.Sprintf("add %d %s", n, group))
	if s.addErr != nil {
		return nil, s.addErr
	}
	names := cluster.NextNames("astro", group, n, s.names())
	for _, name := range names {
		node := &simNode{node: cluster.Node{Name: name, Role: cluster.RoleWorker, Group: group, Status: cluster.StatusActive, Created: s.at, Flavor: "f"}}
		if !s.neverJoin {
			node.ready = s.at.Add(s.boot)
		}
		s.nodes[name] = node
		s.doc.Workers = append(s.doc.Workers, cluster.Member{Name: name})
		s.created++
	}
	s.doc.Generation++
	return names, nil
}

// Mark implements the actuator.
func (s *sim) Mark(_ context.Context, _ string, marks map[string]cluster.Leaving) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf("mark %d", len(marks)))
	for i, m := range s.doc.Workers {
		if mark, ok := marks[m.Name]; ok {
			s.doc.Workers[i].Leaving = mark
		}
	}
	s.doc.Generation++
	return nil
}

// Remove implements the actuator.
func (s *sim) Remove(_ context.Context, _ string, names []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.calls = append(s.calls, fmt.Sprintf("remove %d", len(names)))
	for _, name := range names {
		s.killed += s.running(name)
		if _, ok := s.nodes[name]; ok {
			s.removed++
		}
		delete(s.nodes, name)
		s.doc.Workers = slices.DeleteFunc(s.doc.Workers, func(m cluster.Member) bool { return m.Name == name })
	}
	s.doc.Generation++
	return nil
}
