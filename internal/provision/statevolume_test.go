package provision

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// volume returns the volume with that ID as servers have it; the caller is within a call.
func (c *memCloud) volume(id string) cluster.Volume {
	v := cluster.Volume{ID: id, Status: "available"}
	for _, s := range c.servers {
		switch {
		case s.req.StateVolume != id:
		case s.there():
			v.Status, v.Servers = "in-use", []string{s.id}
		case time.Since(s.deleted.Add(s.times.delete)) < c.detach:
			v.Status, v.Servers = "detaching", []string{s.id}
		}
	}
	if c.volumeIs != "" {
		v.Status = c.volumeIs
	}
	return v
}

func (c *memCloud) Volume(_ context.Context, id string) (cluster.Volume, error) {
	var v cluster.Volume
	err := c.call("get volume", func() error { v = c.volume(id); return nil })
	return v, err
}

func TestANewFrontEndGetsTheStateVolume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		c.detach = time.Minute
		req := testRequest(t, 1)
		req.Spec.FrontEnd.StateVolume = "v1"
		made(t, c, &req)
		req.Spec.FrontEnd.Image, req.ReplaceFrontEnd = "img2", true
		var said []string
		log := func(_ context.Context, msg string, _ ...any) { said = append(said, msg) }
		res, err := New(c, Options{Log: log}).Apply(bounded(t), req)
		if err != nil || len(res.Problems) > 0 {
			t.Fatalf("%v, problems: %v", err, res.Problems)
		}
		if n := strings.Count(strings.Join(said, "\n"), "waiting until the state volume is free"); n != 1 {
			t.Errorf("the wait is said %d times: %q", n, said)
		}
		if got := c.volume("v1"); got.Status != "in-use" || c.posts["astro-frontend"] != 2 {
			t.Errorf("volume %+v, front-end made %d times", got, c.posts["astro-frontend"])
		}
		for _, s := range c.present() {
			if has := s.req.StateVolume != ""; has != (s.req.Role == cluster.RoleFrontEnd) {
				t.Errorf("%s: volume %q", s.req.Name, s.req.StateVolume)
			}
		}
	})
}

func TestAStateVolumeThatDoesNotBecomeFree(t *testing.T) {
	for _, row := range []struct {
		name, status string
		detach       time.Duration
		read         error
		within       time.Duration
		says, helps  string
	}{
		{"its old server keeps it", "", time.Hour, nil, 2 * volumeTime, `its status is "detaching", and server `, "openstack server remove volume"},
		{"it has failed", "error", 0, nil, time.Minute, `its status is "error"`, "openstack volume show v1"},
		{"it is gone", "", 0, &cluster.CloudError{Kind: cluster.FaultNotFound, Op: "read volume v1", Message: "could not be found"}, time.Minute, "could not be found", ""},
		{"no answer", "", 0, &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "read volume v1", Message: "no answer"}, 2 * volumeTime, "no answer", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 1)
				req.Spec.FrontEnd.StateVolume = "v1"
				made(t, c, &req)
				req.Spec.FrontEnd.Image, req.ReplaceFrontEnd = "img2", true
				c.detach, c.volumeIs = row.detach, row.status
				c.before = func(_ int, op string) error {
					if op == "get volume" {
						return row.read
					}
					return nil
				}
				began := time.Now()
				_, err := New(c, Options{}).Apply(bounded(t), req)
				if !errors.Is(err, ErrNoFrontEnd) || !strings.Contains(err.Error(), row.says) || !strings.Contains(cluster.HelpOf(err), row.helps) {
					t.Errorf("error %v; help %q", err, cluster.HelpOf(err))
				}
				if took := time.Since(began); took > row.within {
					t.Errorf("it took %s", took)
				}
				if c.posts["astro-frontend"] != 1 {
					t.Errorf("the front-end was made %d times", c.posts["astro-frontend"])
				}
				c.detach, c.volumeIs, c.before = 0, "", nil
				apply(t, c, req)
			})
		})
	}
}

// The answer to the front-end's create call gets lost, and a list shows the server only
// after the call was repeated and refused: the first server has the volume.
func TestAFrontEndWhoseAnswerGotLostHasTheStateVolume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		lost := false
		c.after = func(_ int, op string) error {
			if op != "create astro-frontend" || lost {
				return nil
			}
			lost = true
			c.each("astro-frontend", func(s *memServer) { s.hidden = time.Now().Add(25 * time.Second) })
			return errLost
		}
		req := testRequest(t, 1)
		req.Spec.FrontEnd.StateVolume = "v1"
		if res := apply(t, c, req); len(res.Problems) > 0 {
			t.Errorf("problems: %v", res.Problems)
		}
		if n := count(c.log, "create astro-frontend"); n != 2 || c.posts["astro-frontend"] != 1 {
			t.Errorf("%d calls made %d front-ends, the case needs 2 and 1", n, c.posts["astro-frontend"])
		}
		expectNames(t, c, wantNames("cpu", 1))
	})
}
