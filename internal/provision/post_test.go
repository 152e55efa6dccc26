package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func twoGroups(req *Request) {
	gpu := req.Spec.Groups["cpu"]
	gpu.Count, gpu.Zones = 0, []string{"a", "b"}
	req.Spec.Groups["gpu"] = gpu
}

// The scaler's way without a wait: post, and enrol in a later reading, by any process.
func TestPostThenEnrol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 1, twoGroups)
		begun, calls := time.Now(), c.calls
		posted, err := p.Post(t.Context(), req.ref(), []Order{{Group: "cpu", Count: 2}, {Group: "gpu", Count: 2, Avoid: []string{"a"}}})
		if want := []string{"astro-cpu-2", "astro-cpu-3", "astro-gpu-1", "astro-gpu-2"}; err != nil || !slices.Equal(posted.Accepted.Names(), want) || len(posted.Refused)+len(posted.Unknown) > 0 {
			t.Fatalf("posted %+v, %v", posted, err)
		}
		if took := time.Since(begun); took > 0 || c.calls-calls != 1+4 {
			t.Errorf("it took %s and %d calls, want no time and a list with four POSTs", took, c.calls-calls)
		}
		if zone := c.request(t, "astro-gpu-1").Zone; zone != "b" {
			t.Errorf("zone %q, want b", zone)
		}
		calls = c.calls
		if names, err := p.Enrol(t.Context(), p.view(t, req)); err != nil || len(names) > 0 || c.calls-calls != 1 {
			t.Errorf("before they have addresses: %v, %v, %d calls", names, err, c.calls-calls)
		}
		time.Sleep(memAddress)
		calls = c.calls
		other := Steps{New(c, Options{})} // another process, of the other owner
		names, err := other.Enrol(t.Context(), other.view(t, req))
		if err != nil || !slices.Equal(names, posted.Accepted.Names()) || c.calls-calls != 1+3 {
			t.Errorf("enrolled %v, %v, with %d calls; want one list and one write", names, err, c.calls-calls)
		}
		if d := document(t, c); d.Generation != 2 || len(d.Workers) != 5 {
			t.Errorf("generation %d, %d workers; want 2, 5", d.Generation, len(d.Workers))
		}
		batches := map[string]bool{}
		for _, name := range posted.Accepted.Names() {
			m, _ := document(t, c).Member(name)
			batches[m.Batch] = true
		}
		if len(batches) != 1 || batches[""] {
			t.Errorf("the workers of one call are of the batches %v", batches)
		}
		time.Sleep(2 * memBoot)
		if v := readUntil(t, p.Provisioner, req.Spec.ID, 2); v.Report.Joined != 5 {
			t.Errorf("joined %d of 5, pending %q", v.Report.Joined, v.Report.PendingNames)
		}
	})
}

// Each row is what the cloud says to POSTs for two workers of cpu, which has one, and what
// is known then.
func TestWhatBecomesOfPosts(t *testing.T) {
	for _, row := range []struct {
		name                       string
		setup                      func(*memCloud)
		orders                     []Order
		accepted, refused, unknown string
	}{
		{"accepted", func(*memCloud) {}, []Order{{Group: "cpu", Count: 2}}, "cpu-2 cpu-3", "", ""},
		{"no answer, carried out", func(c *memCloud) { c.after = failOn("create astro-cpu-3", errLost) }, []Order{{Group: "cpu", Count: 2}}, "cpu-2", "", "cpu-3"},
		{"no answer, not carried out", func(c *memCloud) { c.before = failOn("create astro-cpu-3", errLost) }, []Order{{Group: "cpu", Count: 2}}, "cpu-2", "", "cpu-3"},
		{"quota", func(c *memCloud) { c.maxed = 2 }, []Order{{Group: "cpu", Count: 2}}, "", "cpu-2:quota: cpu-3:quota:", ""},
		{"a zone is refused", func(c *memCloud) { c.shut = map[string]bool{"a": true} }, []Order{{Group: "gpu", Count: 2}}, "gpu-1 gpu-2", "", ""},
		{"all zones are refused", func(c *memCloud) { c.shut = map[string]bool{"a": true, "b": true} }, []Order{{Group: "gpu", Count: 1}, {Group: "cpu", Count: 1}}, "cpu-2", "gpu-1:bad_request:a,b", ""},
		{"reserved names", func(*memCloud) {}, []Order{{Group: "cpu", Count: 2, Reserved: []string{"astro-cpu-2", "astro-cpu-4"}}}, "cpu-3 cpu-5", "", ""},
		{"a group in two orders", func(*memCloud) {}, []Order{{Group: "cpu", Count: 1}, {Group: "cpu", Count: 1}}, "cpu-2 cpu-3", "", ""},
		{"no such group", func(*memCloud) {}, []Order{{Group: "old", Count: 1}, {Group: "cpu", Count: 1}}, "cpu-2", "old-1:other:", ""},
		{"nothing", func(*memCloud) {}, []Order{{Group: "cpu"}}, "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				p, req := scalerOn(t, c, 1, twoGroups)
				row.setup(c)
				begun := time.Now()
				posted, err := p.Post(t.Context(), req.ref(), row.orders)
				if err != nil || time.Since(begun) > 0 {
					t.Fatalf("after %s: %v", time.Since(begun), err)
				}
				var refused []string
				for _, lost := range posted.Refused {
					refused = append(refused, fmt.Sprintf("%s:%s:%s", lost.Name, lost.Kind, strings.Join(lost.Zones, ",")))
				}
				for what, lists := range map[string][2]string{
					"accepted": {strings.Join(posted.Accepted.Names(), " "), row.accepted},
					"refused":  {strings.Join(refused, " "), row.refused}, "unknown": {strings.Join(posted.Unknown, " "), row.unknown},
				} {
					if got := strings.ReplaceAll(lists[0], "astro-", ""); got != lists[1] {
						t.Errorf("%s: %q, want %q", what, got, lists[1])
					}
				}
				if d := document(t, c); d.Generation != 1 {
					t.Errorf("generation %d: the roster was written", d.Generation)
				}
			})
		})
	}
}

func failOn(op string, err error) func(int, string) error {
	return func(_ int, done string) error {
		if done == op {
			return err
		}
		return nil
	}
}

// A reading may be old when its workers are enrolled: what another writer has put under
// such a name since stays.
func TestEnrolFromAnOldReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 1, nil)
		if _, err := p.Post(t.Context(), req.ref(), []Order{{Group: "cpu", Count: 2}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(memAddress)
		v := p.view(t, req)
		c.changeRoster(t, c.server(t, "astro-frontend"), func(d *cluster.Document) {
			d.Workers = append(d.Workers, cluster.Member{Name: "astro-cpu-2", Address: "10.0.0.99", Batch: "theirs"})
		})
		names, err := p.Enrol(t.Context(), v)
		if err != nil || !slices.Equal(names, []string{"astro-cpu-3"}) {
			t.Errorf("enrolled %v, %v", names, err)
		}
		if m, _ := document(t, c).Member("astro-cpu-2"); m.Batch != "theirs" {
			t.Errorf("%+v", m)
		}
	})
}

func TestEnrolWhereTheRosterIsCarried(t *testing.T) {
	v := cluster.View{HasDocument: true, Document: cluster.Document{Coordinator: cluster.CoordinatorLastWorker},
		Nodes: cluster.Nodes{{ID: "1", Role: cluster.RoleFrontEnd}}}
	if _, err := (Steps{New(newMemCloud(), Options{})}).Enrol(t.Context(), v); !errors.Is(err, ErrGrowsByTerraform) {
		t.Errorf("%v", err)
	}
	if _, err := (Steps{New(newMemCloud(), Options{})}).Enrol(t.Context(), cluster.View{}); !errors.Is(err, ErrNoFrontEnd) {
		t.Errorf("%v", err)
	}
}

// A scaler is killed at each call of posting and enrolling; its successor, which knows
// nothing of it, enrols what there is, and nothing is made twice or deleted.
func TestAKilledScalersWorkersAreEnrolled(t *testing.T) {
	everyCall(t, "post and enrol", func(t *testing.T, k int) bool {
		c := newMemCloud()
		_, req := scalerOn(t, c, 1, nil)
		act := func(ctx context.Context) error {
			p := Steps{New(c, Options{Owner: cluster.OwnerScaler, Concurrency: 1})}
			if _, err := p.Post(ctx, req.ref(), []Order{{Group: "cpu", Count: 3}}); err != nil {
				return err
			}
			time.Sleep(memAddress)
			v, err := p.Refresh(ctx, req.ref(), nil)
			if err == nil {
				_, err = p.Enrol(ctx, v)
			}
			return err
		}
		killed := killAt(t, c, k, act)
		made := len(c.present()) - 1
		time.Sleep(memAddress)
		p := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		if _, err := p.Enrol(t.Context(), p.view(t, req)); err != nil {
			t.Fatal(err)
		}
		d := document(t, c)
		if len(d.Workers) != made || c.next != made+1 {
			t.Errorf("%d workers, %d in the roster, %d servers made", made, len(d.Workers), c.next)
		}
		c.expectNoWaste(t, nil)
		time.Sleep(2 * memBoot)
		if v := readUntil(t, p.Provisioner, req.Spec.ID, d.Generation); v.Report.Joined != made {
			t.Errorf("joined %d of %d, pending %q", v.Report.Joined, made, v.Report.PendingNames)
		}
		return killed
	})
}

func TestZonesToAvoid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 0)
		zoned(&req, "a", "b")
		apply(t, c, req)
		p := Steps{New(c, Options{Owner: cluster.OwnerScaler})}
		for _, row := range []struct {
			avoid []string
			want  []string // of two workers
		}{
			{nil, []string{"a", "b"}},
			{[]string{"a"}, []string{"b", "b"}},
			{[]string{"b"}, []string{"a", "a"}},
			{[]string{"a", "b"}, []string{"a", "b"}}, // there is no other
		} {
			var got []string
			for _, name := range p.add(t, req, Order{Group: "cpu", Count: 2, Avoid: row.avoid}) {
				got = append(got, c.request(t, name).Zone)
			}
			slices.Sort(got)
			if !slices.Equal(got, row.want) {
				t.Errorf("avoiding %v: zones %v, want %v", row.avoid, got, row.want)
			}
		}
	})
}

// No zone has room: each reading shows which build has failed, where and why, and none of
// these workers is enrolled. The next order avoids those zones.
func TestBuildsThatFailAreSeenWithTheirZones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		p, req := scalerOn(t, c, 0, func(req *Request) { zoned(req, "a", "b") })
		c.full = map[string]bool{"a": true, "b": true}
		var avoid []string
		for range 2 {
			posted, err := p.Post(t.Context(), req.ref(), []Order{{Group: "cpu", Count: 1, Avoid: avoid}})
			if err != nil || !slices.Equal(posted.Accepted.Names(), []string{"astro-cpu-1"}) {
				t.Fatalf("posted %+v, %v", posted, err)
			}
			time.Sleep(memActive)
			v := p.view(t, req)
			n, _ := v.Nodes.ByName("astro-cpu-1")
			if !n.Broken() || n.Fault == nil || cluster.FaultOfWords(n.Fault.Message) != cluster.FaultNoHost {
				t.Errorf("the reading shows %+v", n)
			}
			if names, err := p.Enrol(t.Context(), v); err != nil || len(names) > 0 {
				t.Errorf("enrolled %v, %v", names, err)
			}
			avoid = append(avoid, n.Zone)
			p.remove(t, req, "astro-cpu-1")
		}
		slices.Sort(avoid)
		if !slices.Equal(avoid, []string{"a", "b"}) {
			t.Errorf("it was built in zones %v", avoid)
		}
	})
}

// slowPosts is a cloud that takes some time for each create call.
type slowPosts struct {
	*memCloud
	each time.Duration
}

func (c slowPosts) CreateNode(ctx context.Context, r cluster.NodeRequest) (string, error) {
	time.Sleep(c.each)
	return c.memCloud.CreateNode(ctx, r)
}

// On a slow cloud a Post ends soon: what it has not begun is ordered again, and then gets
// the names that are free.
func TestPostEndsSoonOnASlowCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		_, req := scalerOn(t, c, 1, nil)
		p := Steps{New(slowPosts{c, 14 * time.Second}, Options{Owner: cluster.OwnerScaler, Concurrency: 4})}
		begun, made := time.Now(), 0
		for _, want := range []int{8, 2} { // two waves of 4 begin in time
			posted, err := p.Post(t.Context(), req.ref(), []Order{{Group: "cpu", Count: 10 - made}})
			made += len(posted.Accepted)
			if err != nil || len(posted.Accepted) != want || len(posted.Refused)+len(posted.Unknown) > 0 {
				t.Fatalf("accepted %v, refused %v, unknown %v, %v; want %d accepted", posted.Accepted.Names(), posted.Refused, posted.Unknown, err, want)
			}
			if took := time.Since(begun); took > 2*postTime {
				t.Errorf("it took %s", took)
			}
			begun = time.Now()
		}
		if names := p.view(t, req).Nodes.Workers("cpu").Names(); len(names) != 11 || names[10] != "astro-cpu-11" {
			t.Errorf("workers %v, want 1 to 11", names)
		}
	})
}
