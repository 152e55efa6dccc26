//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
)

// TestSlurmStateVolume is the life of a cluster whose queue outlives its front-end: a job
// that runs and one that waits know nothing of the new one.
func TestSlurmStateVolume(t *testing.T) {
	v := newStateVolume(t, "pulsar-state") // before begin, so that it is deleted after the servers
	s := begin(t, "pulsar")
	s.batch = slurm{}
	s.want.workers = 1
	s.want.batch = fmt.Sprintf("config       = \"MinJobAge=3600\"\n    state_volume = %q", v.id)
	s.tell(t, []chapter{
		{"create a front-end with the volume, and a worker", func(t *testing.T) { s.create(t); v.is(t, "in-use") }},
		{"jobs go on under another front-end", s.queueOutlivesFrontEnd},
		{"destroy", func(t *testing.T) { s.destroy(t); v.is(t, "available") }},
	})
}

// queueOutlivesFrontEnd replaces the front-end while one job runs and another waits.
func (s *story) queueOutlivesFrontEnd(t *testing.T) {
	workers, before := s.workers(t), s.ids(t)
	s.pool(t, workers...)
	running := s.submitTask(t, 1, task{cpus: 1, memory: 64, command: untilTold})
	s.startedOn(t, running, workers[0], 3*time.Minute)
	waiting := s.submitTask(t, 1, task{cpus: 1, memory: 64, command: "sleep 1"})

	s.want.frontEnd = "replace_on_change = true\n    files             = { \"/etc/e2e\" = \"second\" }"
	s.apply(t, "The front-end is made anew")
	s.meetFrontEnd(t)
	s.submitted = 2 // the queue is the one that it was
	after := s.ids(t)
	if after[workers[0]] != before[workers[0]] || after[s.frontEnd()] == before[s.frontEnd()] {
		t.Errorf("servers %v became %v", before, after)
	}
	s.startedOn(t, running, workers[0], 5*time.Minute)
	s.ranOnSince(t, running, workers[0])
	s.trusts(t, workers...)
	s.end(t, running, workers[0])
	eventually(t, "both jobs have ended", 5*time.Minute, func() (string, bool) { return s.unfinished(t) })
	s.ranOnce(t, running, 1)
	s.ranOnce(t, waiting, 1)
	s.noneEvicted(t)
	s.pool(t, workers...)
}

// stateVolume is a volume that a user has made.
type stateVolume struct {
	client *gophercloud.ServiceClient
	id     string
}

// newStateVolume makes an empty volume of 1 GB, which is deleted when the test ends.
func newStateVolume(t *testing.T, name string) stateVolume {
	t.Helper()
	provider, endpoint := authenticated(t)
	client, err := openstack.NewBlockStorageV3(provider, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	made, err := volumes.Create(t.Context(), client, volumes.CreateOpts{Name: name, Size: 1}, nil).Extract()
	if err != nil {
		t.Fatal(err)
	}
	v := stateVolume{client: client, id: made.ID}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if t.Failed() && os.Getenv("VMCLUSTER_E2E_KEEP") != "" {
			return // it belongs to servers that are kept
		}
		if err := volumes.Delete(ctx, client, v.id, nil).ExtractErr(); err != nil {
			t.Errorf("delete volume %s: %v", v.id, err)
		}
	})
	v.is(t, "available")
	return v
}

// is waits until the volume has a status.
func (v stateVolume) is(t *testing.T, status string) {
	t.Helper()
	eventually(t, "the volume is "+status, time.Minute, func() (string, bool) {
		now, err := volumes.Get(t.Context(), v.client, v.id).Extract()
		if err != nil {
			return err.Error(), false
		}
		return now.Status, now.Status == status
	})
}
