package terraform_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// lockable is an HTTP backend with a lock.
type lockable struct {
	mu      sync.Mutex
	state   []byte
	lock    []byte
	lockers int
}

func (l *lockable) serve(t *testing.T) (backend string) {
	t.Helper()
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return fmt.Sprintf("  backend \"http\" {\n    address        = %q\n    lock_address   = %q\n    unlock_address = %q\n  }\n", server.URL, server.URL, server.URL)
}

func (l *lockable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	switch r.Method {
	case http.MethodGet:
		if l.state == nil {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(l.state)
	case http.MethodPost:
		l.state = body
	case "LOCK":
		if l.lock != nil {
			w.WriteHeader(http.StatusLocked)
			_, _ = w.Write(l.lock)
			return
		}
		l.lock = body
		l.lockers++
	case "UNLOCK":
		l.lock = nil
	}
}

// hold takes the lock, as another run does.
func (l *lockable) hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lock = []byte(`{"ID":"9db590f1-b6fe-c5f2-2678-8804f089deba","Operation":"OperationTypeApply","Who":"ada@desk","Version":"1.11.4","Created":"2026-11-22T12:00:00Z"}`)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lock = nil
	}
}
