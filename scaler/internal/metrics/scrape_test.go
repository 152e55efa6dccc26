package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/metrics"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/recordtest"
)

// stuck is a scraper's connection that accepts no data before it is released.
type stuck struct {
	http.ResponseWriter
	reached chan struct{}
	release chan struct{}
	writes  int
}

func (s *stuck) Write(b []byte) (int, error) {
	if s.writes++; s.writes == 1 {
		close(s.reached)
		<-s.release
	}
	return s.ResponseWriter.Write(b)
}

// within fails the test if a function takes far longer than it ever needs.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s does not end", what)
	}
}

func TestAScraperThatDoesNotReadDelaysNoRound(t *testing.T) {
	m := played(t)
	w := &stuck{ResponseWriter: httptest.NewRecorder(), reached: make(chan struct{}), release: make(chan struct{})}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	}()
	<-w.reached
	within(t, "a round beside a scraper that does not read", func() {
		r := recordtest.Records()[1]
		m.Decided(r)
		m.Finished(r)
	})
	close(w.release)
	<-answered
}

// A scrape reads the age of the data while a round sets the gauges.
func TestScrapesAndRoundsSideBySide(t *testing.T) {
	m := metrics.New("1.2.3", func() time.Time { return recordtest.Noon })
	r := recordtest.Records()[1]
	within(t, "500 scrapes beside 500 rounds", func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 500 {
				m.Decided(r)
			}
		}()
		for range 500 {
			m.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
		}
		<-done
	})
}
