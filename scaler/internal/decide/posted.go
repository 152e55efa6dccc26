package decide

import (
	"maps"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
)

// expectedFor is how long a worker whose create call was sent counts as on its way while
// no list shows its server. Nova may carry out a call a minute after its connection broke.
const expectedFor = 90 * time.Second

// Sent returns the memory after create calls for workers were sent: those that the cloud
// accepted, and those whose answers were lost. groups has the worker's group by name.
func (m Memory) Sent(now time.Time, groups map[string]string) Memory {
	m.Posted, now = copied(m.Posted), wall(now)
	for name, group := range groups {
		m.Posted[name] = fleet.Expected{Group: group, Since: now}
	}
	return m
}

// Expected returns the names of workers that no list has shown and that may still come.
// A new worker must not have one of these.
func (m Memory) Expected() []string {
	names := make([]string, 0, len(m.Posted))
	for name := range m.Posted {
		names = append(names, name)
	}
	cluster.SortNames(names)
	return names
}

// stillExpected returns the create calls whose servers may come and were not seen.
func stillExpected(posted map[string]fleet.Expected, nodes cluster.Nodes, now time.Time) map[string]fleet.Expected {
	seen := map[string]bool{}
	for _, n := range nodes {
		seen[n.Name] = true
	}
	out := copied(posted)
	maps.DeleteFunc(out, func(name string, e fleet.Expected) bool { return seen[name] || now.Sub(e.Since) >= expectedFor })
	return out
}
