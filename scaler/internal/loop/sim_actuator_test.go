package loop_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Add implements the actuator.
func (s *sim) Add(ctx context.Context, id, group string, n int) ([]string, error) {
	return s.AddOutside(ctx, id, group, n, nil)
}

// AddOutside implements the actuator's choice of zones.
func (s *sim) AddOutside(_ context.Context, _, group string, n int, avoid []string) ([]string, error) {
	if s.addTakes > 0 {
		time.Sleep(s.addTakes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.calls = append(s.calls, fmt.Sprintf("add %d %s", n, group))
	if len(avoid) > 0 {
		s.calls[len(s.calls)-1] += fmt.Sprint(" outside ", avoid)
	}
	if s.addErr != nil {
		return nil, s.addErr
	}
	if s.fullZone != "" && !slices.Contains(avoid, s.fullZone) {
		return nil, &cluster.CloudError{Kind: cluster.FaultNoHost, Op: "add workers", Message: "No valid host was found", Err: cluster.NotMadeError{
			{Name: "astro-cpu-1", Zones: []string{s.fullZone}, Kind: cluster.FaultNoHost, Message: "ended in ERROR: No valid host was found"},
		}}
	}
	if s.quota > 0 && len(s.nodes)+s.others+n > s.quota {
		s.refused++
		return nil, &cluster.CloudError{Kind: cluster.FaultQuota, Op: "create server", Code: 403, Message: "Quota exceeded for instances"}
	}
	batch := fmt.Sprint("b", s.created)
	names := cluster.NextNames("astro", group, n, s.names())
	for _, name := range names {
		node := &simNode{node: cluster.Node{
			ID: fmt.Sprint("s", s.created), Name: name, Role: cluster.RoleWorker, Group: group,
			Status: cluster.StatusActive, Created: s.at, Flavor: "f", Batch: batch,
		}}
		s.nodes[name] = node
		s.created++
		if s.dies("create") {
			return nil, context.Canceled // its server exists, and the roster does not have it
		}
		if !s.neverJoin {
			node.ready = s.at.Add(s.boot)
		}
		s.doc.Workers = append(s.doc.Workers, cluster.Member{Name: name, Batch: batch})
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
func (s *sim) Remove(_ context.Context, _ string, names, drained []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if s.callBack != nil {
		s.callBack()
		s.advance()
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		m, _ := s.doc.Member(name)
		return slices.Contains(drained, name) && m.Leaving == cluster.Stays
	})
	s.calls = append(s.calls, fmt.Sprintf("remove %d", len(names)))
	if s.removeErr != nil {
		return s.removeErr
	}
	for _, name := range names {
		s.killed += s.running(name)
		if _, ok := s.nodes[name]; ok {
			s.removed++
		}
		delete(s.nodes, name)
		if s.dies("delete") {
			return context.Canceled // its server is deleted, and the roster still has it
		}
		s.doc.Workers = slices.DeleteFunc(s.doc.Workers, func(m cluster.Member) bool { return m.Name == name })
	}
	s.doc.Generation++
	return nil
}

// dies ends the scaler in the middle of a call, as kill -9 would.
func (s *sim) dies(in string) bool {
	if s.dieIn != in {
		return false
	}
	s.dieIn = ""
	s.die()
	return true
}

// Discard implements the actuator's deletion by ID.
func (s *sim) Discard(_ context.Context, _, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "discard "+id)
	s.twins = slices.DeleteFunc(s.twins, func(n cluster.Node) bool { return n.ID == id })
	for name, n := range s.nodes {
		if n.node.ID == id {
			s.killed += s.running(name)
			s.removed++
			delete(s.nodes, name)
		}
	}
	return nil
}

// ConsoleTail implements Consoles.
func (s *sim) ConsoleTail(_ context.Context, id string, _ int) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consoles = append(s.consoles, id)
	return "cloud-init: no route to host " + id, nil
}

// CollectRemains implements Remains.
func (s *sim) CollectRemains(_ context.Context, id string, _ []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collected = append(s.collected, id)
	return []string{"port of " + id}, nil
}

type projectOf struct{ *sim }

// Room implements Project.
func (p projectOf) Room(context.Context) (decide.Room, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.roomErr != nil {
		return decide.Room{}, p.roomErr
	}
	if p.quota == 0 {
		return decide.Room{}, nil
	}
	left := max(p.quota-p.others-len(p.nodes), 0)
	return decide.Room{Instances: &left}, nil
}

// Size implements Project.
func (p projectOf) Size(context.Context, string) (decide.Size, error) {
	return decide.Size{Cores: cpusEach, RAMMiB: 8192}, nil
}
