package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// What a client reads before it changes anything counts from its login on only; what it reads
// afterwards counts always.
func TestASpanBeginsWithAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s span
		for _, call := range []struct{ method, path string }{
			{"POST", "/identity/auth/tokens"}, {"GET", "/compute/servers/detail"}, // a plan's
			{"POST", "/identity/auth/tokens"}, {"GET", "/compute/servers/detail"},
			{"POST", "/compute/servers"}, {"POST", "/compute/servers"}, {"GET", "/compute/servers/detail"},
		} {
			s.call(0, call.method, call.path)
			time.Sleep(time.Second)
		}
		if changes, whole := s.take(); changes != 2*time.Second || whole != 4*time.Second {
			t.Errorf("took %s, and %s from the login", changes, whole)
		}
		s.call(0, "DELETE", "/compute/servers/{id}")
		if changes, whole := s.take(); changes != 0 || whole != 0 {
			t.Errorf("a new span took %s, and %s from a login that it has not", changes, whole)
		}
	})
}
