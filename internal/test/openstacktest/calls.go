package openstacktest

import "maps"

// admit counts a call and looks whether a fault is due on it.
func (c *Cloud) admit(q *request) (*fault, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totalCalls++
	c.calls[q.pattern]++
	var hit *fault
	for _, f := range c.faults {
		if f.due(q) && hit == nil {
			hit = f
		}
	}
	return hit, c.totalCalls
}

// Calls returns how often each endpoint was called since the start or the last
// ResetCalls, as in "GET /compute/servers/{id}": method and path with the
// service in front, without the API's version, IDs left out. Calls that were
// refused or met a fault count too.
func (c *Cloud) Calls() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.calls)
}

// TotalCalls returns how many calls were made since the start or the last
// ResetCalls.
func (c *Cloud) TotalCalls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.totalCalls
}

// ResetCalls starts counting anew, OnCall's n included.
func (c *Cloud) ResetCalls() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = map[string]int{}
	c.totalCalls = 0
}
