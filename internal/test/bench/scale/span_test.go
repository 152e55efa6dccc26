package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// What a client reads before it changes anything does not count; what it reads afterwards does.
func TestASpanBeginsWithAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s span
		for _, call := range []struct{ method, path string }{
			{"POST", "/identity/v3/auth/tokens"}, {"GET", "/compute/servers/detail"},
			{"POST", "/compute/servers"}, {"POST", "/compute/servers"}, {"GET", "/compute/servers/detail"},
		} {
			s.call(0, call.method, call.path)
			time.Sleep(time.Second)
		}
		if took := s.take(); took != 2*time.Second {
			t.Errorf("took %s", took)
		}
		s.call(0, "DELETE", "/compute/servers/{id}")
		if took := s.take(); took != 0 {
			t.Errorf("a new span took %s", took)
		}
	})
}
