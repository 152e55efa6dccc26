// Package queue holds what the scaler knows of a batch system at one moment: a
// Snapshot of values. Jobs are grouped by what they ask for, never listed one
// by one: 50,000 jobs are a few groups. The adapters, one for each batch system,
// are sub-packages.
//
// A Snapshot has a JSON form, version 1, which docs/scaler.md describes. All of
// its text is valid UTF-8 and all of its times are UTC, so that nothing is lost
// on the way to JSON and back.
package queue

import (
	"context"
	"slices"
	"time"
)

// Reader reads a batch system. It never changes anything there. After an error
// nothing is known; Snapshot.Partial says what is known in part.
type Reader interface {
	Read(ctx context.Context) (Snapshot, error)
}

// Snapshot is a batch system at one moment.
type Snapshot struct {
	Traits Traits `json:"traits"` // of the batch system

	JobsAt    time.Time `json:"jobs_at"`    // when the reading of the jobs began
	WorkersAt time.Time `json:"workers_at"` // when the reading of the workers began

	// PoolSince is the start of the directory of workers: a young directory does
	// not know all workers yet.
	PoolSince time.Time `json:"pool_since,omitzero"`

	// Partial says what could not be read or is contradictory. Listed jobs and
	// workers are real; nothing may be concluded from missing ones.
	Partial []string `json:"partial,omitempty"`

	// LeftOut says which single entries could not be read, with the reason. All others
	// were read: conclusions are as good as without them.
	LeftOut []string `json:"left_out,omitempty"`

	Jobs    []JobGroup     `json:"jobs"`              // waiting jobs that a worker could run
	Skipped []Skipped      `json:"skipped,omitempty"` // waiting jobs that do not count, by reason
	Running int            `json:"running"`           // jobs that hold a slot somewhere
	OnNode  map[string]int `json:"on_node,omitempty"` // jobs that the queue believes to be on a node, by node name
	Workers []Worker       `json:"workers"`           // members of the pool

	// Claims are what members of the pool say in the names of others. They count for
	// nothing; at most MostClaims are listed.
	Claims []Claim `json:"claims,omitempty"`
}

// MostClaims bounds the claims of a snapshot: one member of the pool can make any number.
const MostClaims = 20

// Claim is what a member of the pool says in the name of a node that it has not proved
// to be.
type Claim struct {
	Node string `json:"node"`         // name of the node that it is about
	By   string `json:"by,omitempty"` // name of the node whose credential it came with; "": of none
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

// ReadAt returns the older of the two reading times.
func (s Snapshot) ReadAt() time.Time {
	if s.JobsAt.Before(s.WorkersAt) {
		return s.JobsAt
	}
	return s.WorkersAt
}

// JobGroup is a number of waiting jobs that ask for the same.
type JobGroup struct {
	// Key is the same in each reading and in each process for jobs that ask for
	// the same, and differs for jobs that do not.
	Key string `json:"key"`

	Count  int       `json:"count"`           // of the jobs
	First  string    `json:"first"`           // the ID of one of the jobs, for people: "6.0"
	Oldest time.Time `json:"oldest,omitzero"` // when the first of them was queued; zero: not known

	Asks  Shape  `json:"asks"`            // what a job must have at least on each of its workers; see Tasks
	Takes Shape  `json:"takes"`           // what it takes of each, after the batch system's rounding
	Group string `json:"group,omitempty"` // the worker group that the jobs ask for; "" leaves it open

	// Nodes is on how many workers each job runs at once, with Tasks on how many at
	// least. A job starts on all of them or on none. 0 means 1.
	Nodes int `json:"nodes,omitempty"`
	// Tasks is how many tasks each job is. Asks and Takes are then one task's, and the
	// tasks are spread over at least Nodes workers in any way, at least one on each of
	// them, and start all at once. 0 means that Asks and Takes are a worker's.
	Tasks int `json:"tasks,omitempty"`
	// OneGroup says that all workers of a job are of the same worker group.
	OneGroup bool `json:"one_group,omitempty"`
	// Exclusive says that a job shares its workers with no other job.
	Exclusive bool `json:"exclusive,omitempty"`
	// Blocked says why the jobs cannot start now, however many workers there are:
	// "waits for another job". Such jobs cause no worker. "" means that they can.
	Blocked string `json:"blocked,omitempty"`

	// Requires is what the jobs demand of a worker beside amounts; nil: nothing.
	// Groups with equal requirements may share the value: it is never changed.
	Requires *Requirement `json:"requires,omitempty"`
}

// Workers returns on how many workers each of the jobs runs at least. A worker without a
// task is no part of a job.
func (g *JobGroup) Workers() int {
	if g.Tasks > 0 {
		return max(1, min(g.Nodes, g.Tasks))
	}
	return max(1, g.Nodes)
}

// Parts returns in how many equal parts each of the jobs runs: its tasks, or its workers.
// Asks and Takes are a part's.
func (g *JobGroup) Parts() int {
	if g.Tasks > 0 {
		return g.Tasks
	}
	return g.Workers()
}

// IsGang reports whether each of the jobs may run on several workers at once.
func (g *JobGroup) IsGang() bool { return g.Parts() > 1 }

// Skipped is a number of waiting jobs that do not count, and why.
type Skipped struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
	First string `json:"first"` // the ID of one of the jobs
}

// Worker is a member of the pool.
type Worker struct {
	Name      string    `json:"name"`                 // node name
	Slots     int       `json:"slots"`                // slots that jobs can claim; a slot that jobs divide among them counts as one
	Total     Shape     `json:"total"`                // all that jobs can have of it
	Free      Shape     `json:"free"`                 // what they can have of it now
	Running   int       `json:"running"`              // claimed slots
	RanBefore bool      `json:"ran_before,omitempty"` // had a job since it started
	IdleSince time.Time `json:"idle_since,omitzero"`  // when it became empty; meaningless while Running > 0
	HeardAt   time.Time `json:"heard_at,omitzero"`    // when the pool heard of it last
	Started   time.Time `json:"started,omitzero"`     // when its daemon was started; zero: not known
	Identity  string    `json:"identity,omitempty"`   // the node that it has proved to be; "": none, see Traits.Identities
	Server    string    `json:"server,omitempty"`     // ID of its server; "": not known
	Address   string    `json:"address,omitempty"`    // where its daemons listen, by its own word; "": not known
	State     string    `json:"state,omitempty"`      // in the batch system's own words
	Draining  bool      `json:"draining,omitempty"`   // takes no new job

	Attributes Attributes `json:"attributes,omitempty"`
}
