package loop_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/lease"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// These tests kill the scaler at its requests: through the real client, on an embedded
// OpenStack without sockets whose guests join, in virtual time.

// outcome is what becomes of the request at which the scaler is killed.
type outcome string

const (
	never  outcome = "never carried out"
	atOnce outcome = "carried out at once"
	later  outcome = "carried out 50 s later"
)

// firstHalf is the time in which there are jobs.
const firstHalf = 6 * time.Minute

var errKilled = errors.New("the process is dead")

// killed is the way of a scaler to the cloud, until it is killed at one of its requests
// that change something.
type killed struct {
	way  http.RoundTripper
	at   int // counted from 1; 0: it is not killed
	how  outcome
	kill context.CancelFunc

	mu    sync.Mutex
	n     int
	dead  bool
	last  string
	after sync.WaitGroup
}

// dies counts a request and reports whether the scaler is killed at it, or is dead.
func (k *killed) dies(r *http.Request) (now, dead bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changes := r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/auth/tokens")
	if k.dead || !changes {
		return false, k.dead
	}
	k.n++
	if k.n == k.at {
		k.dead, k.last = true, r.Method+" "+r.URL.Path
	}
	return k.dead, k.dead
}

func (k *killed) RoundTrip(r *http.Request) (*http.Response, error) {
	now, dead := k.dies(r)
	switch {
	case !dead:
		return k.way.RoundTrip(r)
	case now && k.how == atOnce:
		_, _ = k.way.RoundTrip(r)
	case now && k.how == later:
		k.after.Go(func() {
			time.Sleep(50 * time.Second)
			_, _ = k.way.RoundTrip(r.Clone(context.WithoutCancel(r.Context())))
		})
	}
	if now {
		k.kill()
	}
	return nil, errKilled
}

// stage is a cluster on an embedded cloud, and jobs that run on what has joined.
type stage struct {
	t      *testing.T
	cloud  *openstacktest.Cloud
	guests *guest.Simulator
	jobs   int
	until  time.Time // the jobs end
}

func (s *stage) client(way http.RoundTripper) *openstack.Client {
	s.t.Helper()
	client, err := openstack.New(s.t.Context(), openstack.Config{
		AuthURL: s.cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password,
		UserDomainName: openstacktest.DomainName, TenantName: openstacktest.ProjectName,
		ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
		Getenv: func(string) string { return "" }, Transport: way, MaxConcurrency: 1,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cloud := openstacktest.New(openstacktest.Options{BuildDelay: 20 * time.Second, AddressDelay: 12 * time.Second, DeleteDelay: 14 * time.Second})
	t.Cleanup(cloud.Close)
	s := &stage{t: t, cloud: cloud, jobs: 3, guests: guest.New(cloud, guest.Options{Interval: 5 * time.Second, BootDelay: 30 * time.Second})}
	s.guests.Start()
	t.Cleanup(s.guests.Close)
	node := cluster.NodeSpec{Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID}
	_, err := provision.New(s.client(cloud.Transport()), provision.Options{}).Apply(t.Context(), provision.Request{
		Create: true, Wait: provision.WaitActive, Spec: cluster.Spec{
			ID: "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2", Name: "astro", LoginUser: "astro", LoginUID: cluster.DefaultLoginUID, BatchSystem: "htcondor",
			FrontEnd: node, Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Scaling: &cluster.Scaling{Max: 10}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.until = time.Now().Add(firstHalf)
	return s
}

// Read implements queue.Reader: each worker that has joined runs one job until all end.
func (s *stage) Read(context.Context) (queue.Snapshot, error) {
	now, one := time.Now(), queue.Shape{Cpus: 1, MemoryMiB: 200}
	q := queue.Snapshot{Traits: queuetest.Traits(), JobsAt: now, WorkersAt: now, PoolSince: now.Add(-time.Hour), OnNode: map[string]int{}}
	busy := now.Before(s.until)
	for _, w := range s.guests.Workers() {
		if !w.Joined || w.Drained {
			continue
		}
		running := 0
		if busy && q.Running < s.jobs {
			running = 1
		}
		q.Running += running
		q.Workers = append(q.Workers, queue.Worker{
			Name: w.Name, Slots: 1, Total: one, Free: one.Take(one, running), Running: running, RanBefore: true, IdleSince: s.until, HeardAt: now,
		})
	}
	if waiting := s.jobs - q.Running; busy && waiting > 0 {
		q.Jobs = []queue.JobGroup{{Key: "k", Asks: one, Takes: one, First: "1.0", Count: waiting, Oldest: s.until.Add(-firstHalf)}}
	}
	return q, nil
}

// run runs a scaler for a time, or until it is killed.
func (s *stage) run(k *killed, d time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	defer cancel()
	k.kill = cancel
	client := s.client(k)
	nova := actuate.NewNova("astro", provision.Steps{Provisioner: provision.New(client, provision.Options{Owner: cluster.OwnerScaler, Concurrency: 1})})
	p := decide.DefaultPolicy()
	p.Groups["cpu"] = decide.Bounds{Max: 10, Shape: queue.Shape{Cpus: 1, MemoryMiB: 200}}
	p.IdleAfter, p.FirstJobGrace = 20*time.Second, 20*time.Second
	l := &loop.Loop{
		Parts:    loop.Parts{Cluster: nova, Actuator: nova, Lease: lease.New(client, fmt.Sprint("scaler", k.at)), Reports: nova, Memos: client},
		Settings: loop.Settings{Queue: s, Policy: p, Interval: 10 * time.Second},
		Log:      hclog.NewNullLogger(),
	}
	if err := l.Run(ctx); err != nil {
		s.t.Fatal(err)
	}
	if k.at == 0 {
		_ = l.Release(s.t.Context())
	}
}

// A scaler is killed at each of its requests that change something, which the cloud
// carries out never, at once, or later: the three take turns. The next scaler goes on: no
// server is made twice, all are enrolled and used, and in the end nothing is left.
func TestKilledAtEachRequest(t *testing.T) {
	for i, how := range []outcome{later, never, atOnce} {
		for at, reached := 1+i, true; reached; at += 3 {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				before := s.cloud.Created()
				k := &killed{way: s.cloud.Transport(), at: at, how: how}
				s.run(k, firstHalf+3*time.Minute)
				reached = k.dead
				s.run(&killed{way: s.cloud.Transport()}, max(5*time.Minute, time.Until(s.until)+4*time.Minute))
				k.after.Wait()
				view, err := provision.New(s.client(s.cloud.Transport()), provision.Options{}).Find(t.Context(), "astro")
				if err != nil {
					t.Fatal(err)
				}
				made := s.cloud.Created() - before
				if made != s.jobs || len(view.Nodes) != 1 || len(view.Document.Workers) != 0 {
					t.Errorf("killed at request %d (%s), %s: %d servers made for %d jobs, nodes %v, roster %v",
						at, k.last, how, made, s.jobs, view.Nodes.Names(), view.Document.Workers)
				}
			})
		}
	}
}
