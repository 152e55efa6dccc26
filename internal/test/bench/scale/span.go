package main

import (
	"sync"
	"time"
)

// span is when a client was at the cloud: from the first server that is created or deleted
// to the last call, without the client's own start and without what it reads beforehand; and
// from its login before that, with what it reads to know what to create or delete.
type span struct {
	mu                 sync.Mutex
	login, first, last time.Time
}

// call is an embedded cloud's OnCall.
func (s *span) call(_ int, method, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if method == "POST" && path == "/identity/auth/tokens" && s.first.IsZero() {
		s.login = time.Now()
	}
	change := method == "POST" && path == "/compute/servers" || method == "DELETE" && path == "/compute/servers/{id}"
	if change && s.first.IsZero() {
		s.first = time.Now()
	}
	s.last = time.Now()
}

// take returns the span since it was taken last: from the first change, and from the last
// login before it, which is 0 without a login.
func (s *span) take() (changes, whole time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes = s.last.Sub(s.first)
	if !s.login.IsZero() {
		whole = s.last.Sub(s.login)
	}
	s.login, s.first, s.last = time.Time{}, time.Time{}, time.Time{}
	return changes, whole
}
