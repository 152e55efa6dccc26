package main

import (
	"sync"
	"time"
)

// span is the time from the first server that is created or deleted to the last call: what
// a client needs at the cloud, without its own start and without what it reads beforehand.
type span struct {
	mu          sync.Mutex
	first, last time.Time
}

// call is an embedded cloud's OnCall.
func (s *span) call(_ int, method, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change := method == "POST" && path == "/compute/servers" || method == "DELETE" && path == "/compute/servers/{id}"
	if change && s.first.IsZero() {
		s.first = time.Now()
	}
	s.last = time.Now()
}

// take returns the span since it was taken last.
func (s *span) take() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := s.last.Sub(s.first)
	s.first, s.last = time.Time{}, time.Time{}
	return took
}
