package loop_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// A refusal that comes after its round fails a single run, too.
func TestOnceFailsByALateRefusal(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, time.Minute, 4 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(8, 0, time.Hour)
			s.addTakes, s.addErr = takes, &cluster.CloudError{Kind: cluster.FaultImage, Op: "create server", Code: 400, Message: "no such image"}
			r, err := newLoop(s, 20).Once(t.Context())
			if err == nil || len(r.Errors) != 1 || s.posts != 1 {
				t.Errorf("an answer after %s: error %v, in the record %v, %d posts", takes, err, r.Errors, s.posts)
			}
		})
	}
}

// A single run names all workers that it has made, also those of late answers.
func TestOnceNamesWorkersOfLateAnswers(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, time.Minute, 4 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newSim()
			s.submit(8, 0, time.Hour)
			s.addTakes = takes
			r, err := newLoop(s, 20).Once(t.Context())
			if err != nil || len(r.Added) != 2 || s.posts != 1 {
				t.Errorf("an answer after %s: added %v, %v, %d posts", takes, r.Added, err, s.posts)
			}
		})
	}
}
