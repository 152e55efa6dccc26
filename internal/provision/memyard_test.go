package provision

import (
	"slices"
	"time"
)

// memTimes are how long things take of a server in memory.
type memTimes struct {
	address, active time.Duration // from its create call
	delete          time.Duration // from its delete call
}

// memYard is how a cloud in memory builds and deletes servers: in order, a limited number
// side by side.
type memYard struct {
	slots, exits    []time.Time // when each is free
	build1, delete1 time.Duration
	slow            map[string]time.Duration // by node name: how much later its address comes, once
}

// newYard returns a yard that takes so long for a server, and builds beside of them at a
// time. It deletes twice as many at a time.
func newYard(beside int, build, remove time.Duration) *memYard {
	now := []time.Time{time.Now()}
	return &memYard{
		slots: slices.Repeat(now, beside), exits: slices.Repeat(now, 2*beside),
		build1: build, delete1: remove, slow: map[string]time.Duration{},
	}
}

func (y *memYard) build(name string) memTimes {
	t := memTimes{address: memAddress, active: memActive, delete: memDelete}
	if y == nil {
		return t
	}
	begins := y.build1
	t.active = take(y.slots, y.build1)
	t.address = t.active - begins + min(y.build1/4, 5*time.Second) + y.slow[name]
	t.active = max(t.active, t.address)
	delete(y.slow, name)
	return t
}

func (y *memYard) delete() time.Duration {
	if y == nil {
		return memDelete
	}
	return take(y.exits, y.delete1)
}

// take uses the slot that is free first, and returns how long from now the work is done.
func take(slots []time.Time, work time.Duration) time.Duration {
	first := 0
	for i, free := range slots {
		if free.Before(slots[first]) {
			first = i
		}
	}
	if slots[first].Before(time.Now()) {
		slots[first] = time.Now()
	}
	slots[first] = slots[first].Add(work)
	return time.Until(slots[first])
}
