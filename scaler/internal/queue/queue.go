// Package queue holds what the scaler knows of a batch system at one moment: a
// Snapshot of values. Jobs are grouped by what they ask for, never listed one
// by one: 50,000 jobs are a few groups. Readers of one batch system each are
// sub-packages.
package queue

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Reader reads a batch system. It never changes anything there. An error means
// that nothing is known; what is known in part stands in Snapshot.Partial.
type Reader interface {
	Read(ctx context.Context) (Snapshot, error)
}

// Snapshot is a batch system at one moment.
type Snapshot struct {
	Jobs    []JobGroup     // waiting jobs that a worker could run
	Skipped []Skipped      // waiting jobs that do not count, by reason
	Running int            // jobs that hold a slot somewhere
	OnNode  map[string]int // jobs that the queue believes to be on a node, by node name
	Workers []Worker

	JobsAt    time.Time // when the jobs' reading began
	WorkersAt time.Time // when the workers' reading began

	Traits Traits // of the batch system

	// PoolSince is when the directory of workers was started: a young one does
	// not know all workers yet.
	PoolSince time.Time

	// Partial says what could not be read or is contradictory. Jobs and workers
	// that are listed are real; nothing may be concluded from missing ones.
	Partial []string
}

// Waiting returns the number of waiting jobs that count.
func (s Snapshot) Waiting() int {
	n := 0
	for _, g := range s.Jobs {
		n += g.Count
	}
	return n
}

// Worker returns the worker of that node name.
func (s Snapshot) Worker(name string) (Worker, bool) {
	i := slices.IndexFunc(s.Workers, func(w Worker) bool { return w.Name == name })
	if i < 0 {
		return Worker{}, false
	}
	return s.Workers[i], true
}

// ReadAt returns the older of the two reading times: facts are that old.
func (s Snapshot) ReadAt() time.Time {
	if s.JobsAt.Before(s.WorkersAt) {
		return s.JobsAt
	}
	return s.WorkersAt
}

// JobGroup is a number of waiting jobs that ask for the same.
type JobGroup struct {
	Key      string // tells this group from others between two readings
	Asks     Shape  // what a job must have at least
	Takes    Shape  // what its slot will take, after the batch system's rounding
	Group    string // the worker group that they ask for; "" leaves it open
	Requires Requirement
	Count    int
	Oldest   time.Time // when the first of them was queued
	First    string    // a job of the group, for people: "6.0"
}

// Requirement is what jobs demand of a worker beside amounts. Equal ones are the
// same value; nil demands nothing.
type Requirement interface {
	// Unmet returns the part of it that a worker does not meet, for people; ""
	// says that the worker meets all that can be judged by what is known of it.
	Unmet(worker Attributes, free Shape) string
	// Amounts tells that the answer depends on what is free.
	Amounts() bool
	// Personal tells that it goes by what each worker has for itself, such as its
	// name: workers that are alike otherwise may differ in it.
	Personal() bool
}

// Attributes is what a worker says of itself, beside amounts, by name in lower
// case: text, float64 or bool. Nil is known not to be there; what is missing is
// not known.
type Attributes map[string]any

// Skipped is a number of waiting jobs that do not count, and why.
type Skipped struct {
	Why   string
	Count int
	First string
}

// Worker is a member of the pool.
type Worker struct {
	Name      string // node name
	Slots     int    // slots that can be claimed; a partitionable slot counts as one
	Total     Shape
	Free      Shape
	Running   int       // claimed slots
	RanBefore bool      // had a job since it started
	IdleSince time.Time // when it became empty; meaningless while Running > 0
	HeardAt   time.Time // when the pool heard of it last
	Started   time.Time // when its daemon was started; zero where the pool does not tell
	Server    string    // ID of its server, where it tells
	State     string    // the batch system's own words
	Draining  bool      // takes no new job

	Attributes Attributes
}

// Shape is an amount of what jobs ask for and workers have. A worker's zero
// disk means "not known", and is not compared.
type Shape struct {
	Cpus      int `json:"cpus"`
	MemoryMiB int `json:"memory_mib"`
	DiskKiB   int `json:"disk_kib,omitempty"`
	GPUs      int `json:"gpus,omitempty"`
}

// Add returns the sum.
func (s Shape) Add(o Shape) Shape {
	return Shape{s.Cpus + o.Cpus, s.MemoryMiB + o.MemoryMiB, s.DiskKiB + o.DiskKiB, s.GPUs + o.GPUs}
}

// Take returns what n times o leave of s. An unknown disk stays unknown.
func (s Shape) Take(o Shape, n int) Shape {
	s.Cpus -= n * o.Cpus
	s.MemoryMiB -= n * o.MemoryMiB
	s.GPUs -= n * o.GPUs
	if s.DiskKiB > 0 {
		s.DiskKiB = max(1, s.DiskKiB-n*o.DiskKiB) // 0 would read as "not known"
	}
	return s
}

// Holds returns how many times o fits into s, at most limit.
func (s Shape) Holds(o Shape, limit int) int {
	n := limit
	n = min(n, times(s.Cpus, o.Cpus, limit))
	n = min(n, times(s.MemoryMiB, o.MemoryMiB, limit))
	n = min(n, times(s.GPUs, o.GPUs, limit))
	if s.DiskKiB > 0 {
		n = min(n, times(s.DiskKiB, o.DiskKiB, limit))
	}
	return max(n, 0)
}

func times(have, ask, limit int) int {
	if ask <= 0 {
		return limit
	}
	return max(have, 0) / ask
}

// Lacking names the first respect in which o exceeds s: "memory".
func (s Shape) Lacking(o Shape) string {
	switch {
	case o.Cpus > s.Cpus:
		return "CPUs"
	case o.MemoryMiB > s.MemoryMiB:
		return "memory"
	case o.GPUs > s.GPUs:
		return "GPUs"
	case s.DiskKiB > 0 && o.DiskKiB > s.DiskKiB:
		return "disk"
	}
	return ""
}

// Bound says what exceeds s in the respect that Lacking names: "memory > 62.8 GiB".
func (s Shape) Bound(what string) string {
	switch what {
	case "CPUs":
		return fmt.Sprintf("CPUs > %d", s.Cpus)
	case "memory":
		return "memory > " + MiB(s.MemoryMiB)
	case "GPUs":
		return fmt.Sprintf("GPUs > %d", s.GPUs)
	}
	return "disk > " + MiB(s.DiskKiB/1024)
}

// Missing says in which respects o exceeds s: "memory 96.0 GiB > 62.8 GiB".
func (s Shape) Missing(o Shape) string {
	switch s.Lacking(o) {
	case "CPUs":
		return fmt.Sprintf("CPUs %d > %d", o.Cpus, s.Cpus)
	case "memory":
		return "memory " + exceeds(o.MemoryMiB, s.MemoryMiB)
	case "GPUs":
		return fmt.Sprintf("GPUs %d > %d", o.GPUs, s.GPUs)
	case "disk":
		return "disk " + exceeds(o.DiskKiB/1024, s.DiskKiB/1024)
	}
	return ""
}

// exceeds compares amounts of MiB for people. Those that are nearly the same are
// written in full.
func exceeds(more, less int) string {
	if MiB(more) == MiB(less) {
		return fmt.Sprintf("%d MiB > %d MiB", more, less)
	}
	return MiB(more) + " > " + MiB(less)
}

// String writes a shape for people: "4 CPUs, 7.8 GiB".
func (s Shape) String() string {
	text := fmt.Sprintf("%d CPUs, %s", s.Cpus, MiB(s.MemoryMiB))
	if s.Cpus == 1 {
		text = "1 CPU, " + MiB(s.MemoryMiB)
	}
	if s.GPUs > 0 {
		text += fmt.Sprintf(", %d GPUs", s.GPUs)
	}
	return text
}

// MiB writes an amount of MiB for people.
func MiB(n int) string {
	if n < 1024 {
		return fmt.Sprintf("%d MiB", n)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/1024)
}
