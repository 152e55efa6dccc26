package provision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// These tests let each single HTTP request of a change go wrong: through the real
// client, with its repetitions and its limits, on an embedded OpenStack without
// sockets, in virtual time.

const crashTime = 45 * time.Minute // what Terraform's timeouts give a change

// world is an embedded cloud with guests, and the processes that work on it.
type world struct {
	t     *testing.T
	cloud *openstacktest.Cloud
	guest *guest.Simulator
	calls atomic.Int64 // requests since the last process began
	onK   func(call int64) (stop bool)
	dies  func() bool // asked after each request; nil: the process lives
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud := openstacktest.New(openstacktest.Options{
		BuildDelay: 20 * time.Second, AddressDelay: 3 * time.Second, DeleteDelay: 4 * time.Second, MetadataCache: 15 * time.Second,
	})
	t.Cleanup(cloud.Close)
	guests := guest.New(cloud, guest.Options{Interval: 5 * time.Second, BootDelay: 30 * time.Second})
	guests.Start()
	t.Cleanup(guests.Close)
	return &world{t: t, cloud: cloud, guest: guests}
}

var errDead = errors.New("the process is dead")

// RoundTrip is the way of a process to the cloud, until the process ends.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	n := w.calls.Add(1)
	if w.dies != nil && w.dies() {
		return nil, errDead
	}
	if w.onK == nil {
		resp, err := w.cloud.Transport().RoundTrip(r)
		if w.dies != nil && w.dies() {
			return nil, errDead
		}
		return resp, err
	}
	stop := w.onK(n)
	if stop && r.Context().Err() != nil {
		return nil, errDead // it ended before
	}
	resp, err := w.cloud.Transport().RoundTrip(r)
	if stop {
		return nil, errDead // carried out, and never answered
	}
	return resp, err
}

// process starts a provider: it logs in with its first request.
func (w *world) process(ctx context.Context, act func(*provision.Provisioner) error) error {
	w.calls.Store(0)
	client, err := openstack.New(ctx, openstack.Config{
		AuthURL: w.cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password,
		UserDomainName: openstacktest.DomainName, TenantName: openstacktest.ProjectName,
		ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
		Getenv: func(string) string { return "" }, Transport: w, MaxConcurrency: 1,
	})
	if err != nil {
		return err
	}
	return act(provision.New(client, provision.Options{Concurrency: 1}))
}

func (w *world) bounded() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), crashTime)
	w.t.Cleanup(cancel)
	return ctx
}

// must is a process that nothing happens to.
func (w *world) must(act func(context.Context, *provision.Provisioner) error) {
	w.t.Helper()
	ctx := w.bounded()
	if err := w.process(ctx, func(p *provision.Provisioner) error { return act(ctx, p) }); err != nil {
		w.t.Fatal(err)
	}
}

// change is what is applied or destroyed while something goes wrong.
type change struct {
	name    string
	before  int // workers; -1 is no cluster
	after   int // -1 is a destroy
	retire  []string
	workers []string  // in the end
	ca      *trust.CA // not nil: by the last worker, on a cloud without a metadata service
}

var changes = []change{
	{"create", -1, 3, nil, []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}, nil},
	{"grow", 1, 3, nil, []string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-3"}, nil},
	{"shrink", 3, 1, []string{"astro-cpu-1", "astro-cpu-3"}, []string{"astro-cpu-2"}, nil},
	{"destroy", 2, -1, nil, nil, nil},
}

// request is what the configuration wants of the change.
func (c change) request(id string, workers int, retire ...string) provision.Request {
	req := wish(id, workers, retire...)
	if c.ca != nil {
		req.Spec.Coordinator, req.CA = cluster.CoordinatorLastWorker, c.ca
	}
	return req
}

const firstID, secondID = "0f8a7f6e-0000-4000-8000-000000000001", "0f8a7f6e-0000-4000-8000-000000000002"

func wish(id string, workers int, retire ...string) provision.Request {
	networks := openstacktest.DefaultNetworks()
	node := cluster.NodeSpec{Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: networks[0].ID, SecurityGroups: []string{"default"}}
	frontEnd := node
	frontEnd.ExternalNetworkID = networks[1].ID
	return provision.Request{
		Spec: cluster.Spec{
			ID: id, Name: "astro", LoginUser: "astro", LoginUID: cluster.DefaultLoginUID, KeyPair: "ops",
			BatchSystem: "htcondor", FrontEnd: frontEnd,
			Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Count: workers, Retire: retire}},
		},
		Wait: provision.WaitJoined, DrainTimeout: 10 * time.Minute, CreatedBy: "here",
	}
}

// begin brings about what is there before the change.
func (c change) begin(w *world) {
	if c.before < 0 {
		return
	}
	w.must(func(ctx context.Context, p *provision.Provisioner) error {
		req := c.request(firstID, c.before)
		req.Create = true
		_, err := p.Apply(ctx, req)
		return err
	})
}

// run tries the change once. whole reports whether nothing is left to do.
func (c change) run(ctx context.Context, p *provision.Provisioner, id string, create bool) (whole bool, err error) {
	if c.after < 0 {
		return true, p.Destroy(ctx, cluster.Ref{ID: id}, nil)
	}
	req := c.request(id, c.after, c.retire...)
	req.Create = create
	result, err := p.Apply(ctx, req)
	return err == nil && len(result.Problems) == 0, err
}

// again is the next terraform apply. Of a create that was killed Terraform knows
// nothing; one that ended in an error it replaces.
func (c change) again(w *world, killed bool, err error) {
	w.t.Helper()
	id, create := firstID, false
	if c.before < 0 && err != nil {
		id, create = secondID, true
		for _, s := range w.servers() {
			if killed && s.Metadata[cluster.MetaReady] != "" {
				id, create = firstID, false // it was through: an import finds it
			}
		}
		if !killed {
			w.must(func(ctx context.Context, p *provision.Provisioner) error {
				return p.Destroy(ctx, cluster.Ref{ID: firstID}, nil)
			})
		}
	}
	w.must(func(ctx context.Context, p *provision.Provisioner) error {
		whole, err := c.run(ctx, p, id, create)
		if err == nil && !whole {
			err = errors.New("the second run did not end whole")
		}
		return err
	})
}

func (w *world) servers() []openstacktest.Server {
	return slices.DeleteFunc(w.cloud.Servers(), func(s openstacktest.Server) bool { return s.Deleting })
}

// expect wants exactly those workers and a front-end, and that a destroy leaves
// nothing.
func (c change) expect(w *world) {
	w.t.Helper()
	var got []string
	id := ""
	for _, s := range w.servers() {
		got, id = append(got, s.Name), s.ID
		var n cluster.Node
		if cluster.ReadTags(&n, s.Tags) {
			id = n.ClusterID
		}
	}
	var want []string
	if c.after >= 0 {
		want = append(slices.Clone(c.workers), "astro-frontend")
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("servers %v, want %v", got, want)
	}
	if id != "" {
		w.must(func(ctx context.Context, p *provision.Provisioner) error {
			return p.Destroy(ctx, cluster.Ref{ID: id}, nil)
		})
	}
	time.Sleep(time.Minute) // deletions take a while
	if s, ips, ports := w.cloud.Servers(), w.cloud.FloatingIPs(), w.cloud.PortCount(); len(s)+len(ips)+ports > 0 {
		w.t.Errorf("left: %d servers, %d floating IPs, %d ports", len(s), len(ips), ports)
	}
}

// TestAKillAtAnyRequest kills the process at its k-th request, for every k: the
// request is carried out, and its answer is lost.
func TestAKillAtAnyRequest(t *testing.T) {
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	byLastWorker := change{"last worker: grow", 1, 3, nil, changes[1].workers, ca}
	for _, c := range append(slices.Clone(changes), byLastWorker) {
		everyRequest(t, c.name, func(w *world, k int64) bool {
			c.begin(w)
			ctx, cancel := context.WithCancel(w.bounded())
			defer cancel()
			killed := false
			w.onK = func(n int64) bool {
				if n == k {
					killed = true
				}
				if n > k {
					cancel()
				}
				return n >= k
			}
			err := w.process(ctx, func(p *provision.Provisioner) error {
				_, err := c.run(ctx, p, firstID, c.before < 0)
				return err
			})
			w.onK = nil
			if killed && err == nil {
				err = errDead
			}
			if c.ca != nil {
				time.Sleep(10 * time.Minute) // the messenger has come
			}
			c.again(w, killed, err)
			if made := w.cloud.Created(); c.name == "grow" && made != 1+len(c.workers) {
				t.Errorf("%d servers were made in all: one was made anew because its maker died", made)
			}
			if joined := w.guest.Joined(); c.ca != nil && !slices.Equal(joined, c.workers) {
				t.Errorf("joined: %v", joined)
			}
			c.expect(w)
			return killed
		})
	}
}

// TestAnyRequestMayGoWrong lets the k-th request go wrong, for every k and in
// every way. The client copes, or provisioning does, or the next run ends with
// exactly what is wanted.
func TestAnyRequestMayGoWrong(t *testing.T) {
	const (
		once    = 1
		forGood = 12 // more than the client repeats
	)
	for _, fault := range []struct {
		name string
		openstacktest.Fault
		atOnce bool // the client copes alone, also with a create
	}{
		{"500", openstacktest.Fault{Status: 500, Times: once}, false},
		{"500 for a while", openstacktest.Fault{Status: 500, Times: forGood}, false},
		{"429", openstacktest.Fault{Status: 429, RetryAfter: 3 * time.Second, Times: once}, true},
		{"429 for a while", openstacktest.Fault{Status: 429, Times: forGood}, false},
		{"503 after it was accepted", openstacktest.Fault{Status: 503, AcceptFirst: true, Times: once}, true},
		{"503s after it was accepted", openstacktest.Fault{Status: 503, AcceptFirst: true, Times: forGood}, false},
		{"no answer", openstacktest.Fault{Hang: true, Times: once}, false},
		{"no answer after it was accepted", openstacktest.Fault{Hang: true, AcceptFirst: true, Times: once}, true},
		{"a broken connection", openstacktest.Fault{CloseConnection: true, AcceptFirst: true, Times: once}, true},
	} {
		for _, c := range changes {
			everyRequest(t, fault.name+"/"+c.name, func(w *world, k int64) bool {
				c.begin(w)
				posts := w.cloud.Created()
				f := fault.Fault
				f.Nth = int(k)
				w.cloud.Fault(f)
				ctx := w.bounded()
				whole := false
				err := w.process(ctx, func(p *provision.Provisioner) (err error) {
					whole, err = c.run(ctx, p, firstID, c.before < 0)
					return err
				})
				reached := w.calls.Load() >= k
				w.cloud.ClearFaults()
				if made := w.cloud.Created() - posts; whole && fault.atOnce && c.after >= 0 && made != max(0, c.after-max(c.before, -1)) {
					w.t.Errorf("%d servers made, a call was repeated blindly", made)
				}
				if err != nil || !whole {
					c.again(w, false, err)
				}
				c.expect(w)
				return reached
			})
		}
	}
}

// everyRequest runs act for k = 1, 2, … until it reports that there was no k-th
// request. Requests that -run leaves out do not end it. With -short, as under the race
// detector, every seventh request has to do.
func everyRequest(t *testing.T, name string, act func(w *world, k int64) (reached bool)) {
	t.Helper()
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for k, reached := int64(1), true; reached && k < 1000; k += step {
			t.Run(fmt.Sprintf("request=%d", k), func(t *testing.T) {
				reached = false // of a test that ends early
				synctest.Test(t, func(t *testing.T) { reached = act(newWorld(t), k) })
			})
		}
	})
}
