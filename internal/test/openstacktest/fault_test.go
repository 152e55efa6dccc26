package openstacktest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const serversPath = "/compute/servers"

func TestFaults(t *testing.T) {
	for _, row := range []struct {
		name    string
		fault   Fault
		want    string // statuses of four creates
		servers int
	}{
		{"the first", Fault{Method: "POST", Path: serversPath, Status: 503}, "[503 202 202 202]", 3},
		{"the second and third", Fault{Path: serversPath, Nth: 2, Times: 2, Status: 500}, "[202 500 500 202]", 2},
		{"all", Fault{Path: serversPath, Times: -1, Status: 429}, "[429 429 429 429]", 0},
		{"accepted, then 503", Fault{Path: serversPath, Nth: 4, Status: 503, AcceptFirst: true}, "[202 202 202 503]", 4},
		{"another method", Fault{Method: "GET", Path: serversPath, Times: -1, Status: 503}, "[202 202 202 202]", 4},
		{"another path", Fault{Path: "/compute/servers/{id}", Times: -1, Status: 503}, "[202 202 202 202]", 4},
		{"any path", Fault{Nth: 3, Status: 502}, "[202 202 502 202]", 3},
		{"by body", Fault{Match: func(b string) bool { return strings.Contains(b, `"name":"s1"`) }, Times: -1, Status: 500}, "[202 500 202 202]", 3},
		{"delay only", Fault{Path: serversPath, Delay: time.Millisecond}, "[202 202 202 202]", 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := inMemory(t, Options{})
			u.cloud.Fault(row.fault)
			var got []int
			for i := range 4 {
				got = append(got, u.post(fmt.Sprint("s", i), nil).status)
			}
			if fmt.Sprint(got) != row.want || len(u.cloud.Servers()) != row.servers {
				t.Errorf("statuses %v, %d servers; want %s, %d", got, len(u.cloud.Servers()), row.want, row.servers)
			}
		})
	}
}

// A create whose connection breaks comes about later: with the time of then, and as the
// same request.
func TestACallThatIsCarriedOutLater(t *testing.T) {
	for _, fault := range []Fault{
		{Later: time.Minute}, {Later: time.Minute, CloseConnection: true}, {Later: time.Minute, Status: 503},
	} {
		synctest.Test(t, func(t *testing.T) {
			u := inMemory(t, Options{})
			fault.Method, fault.Path = "POST", serversPath
			u.cloud.Fault(fault)
			begin := time.Now()
			resp, err := u.try(t.Context(), "POST", "/compute/v2.1/servers", map[string]any{"server": map[string]any{
				"name": "late", "imageRef": DefaultImages()[0].ID, "flavorRef": "1", "networks": "auto", "tags": []string{"a:1"},
			}})
			if (err == nil) != (fault.Status != 0) || resp.status != fault.Status {
				t.Errorf("answer %d, %v", resp.status, err)
			}
			time.Sleep(time.Minute - time.Second)
			if n := len(u.cloud.Servers()); n != 0 {
				t.Errorf("%d servers before the time", n)
			}
			time.Sleep(2 * time.Second)
			servers := u.cloud.Servers()
			if len(servers) != 1 || servers[0].Name != "late" || len(servers[0].Tags) != 1 || servers[0].Created.Before(begin.Add(time.Minute)) {
				t.Errorf("servers %v", servers)
			}
			if n := u.cloud.Calls()["POST /compute/servers"]; n != 1 {
				t.Errorf("%d calls are counted", n)
			}
		})
	}
}

func TestFaultMatchesIDsAndStars(t *testing.T) {
	u := inMemory(t, Options{})
	a, b := u.create("a", nil), u.create("b", nil)
	u.cloud.Fault(Fault{Method: "GET", Path: serversPath + "/" + a, Times: -1, Status: 500})
	u.cloud.Fault(Fault{Path: serversPath + "/*/metadata", Times: -1, Status: 409})
	u.show(a).is(t, 500, "computeFault")
	u.show(b).is(t, 200, "")
	u.call("GET", "/compute/v2.1/servers/"+b+"/metadata", nil).is(t, 409, "conflictingRequest")
	u.cloud.ClearFaults()
	u.show(a).is(t, 200, "")
}

func TestCellDown(t *testing.T) {
	u := inMemory(t, Options{})
	a, b := u.create("a", nil), u.create("b", nil)
	u.cloud.CellDown("a")
	u.show(a).is(t, 500, "computeFault")
	u.call("DELETE", "/compute/v2.1/servers/"+a, nil).is(t, 500, "computeFault")
	u.show(b).is(t, 200, "")
	listed := u.call("GET", "/compute/v2.1/servers/detail", nil)
	listed.is(t, 200, "")
	if text := listed.text; strings.Contains(text, a) || !strings.Contains(text, b) {
		t.Errorf("listed: %s", text)
	}
	u.cloud.CellDown()
	u.show(a).is(t, 200, "")
}

func TestRetryAfterAndBody(t *testing.T) {
	u := inMemory(t, Options{})
	u.cloud.Fault(Fault{Status: 429, RetryAfter: 1500 * time.Millisecond, Body: `{"overLimit":{"code":429,"message":"slow down"}}`})
	r := u.call("GET", "/compute/v2.1/servers", nil)
	r.is(t, 429, "slow down")
	if got := r.header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q", got)
	}
}

func TestConnectionClosedAfterTheCallWasCarriedOut(t *testing.T) {
	for name, make := range map[string]func(*testing.T, Options) *user{"listener": listening, "memory": inMemory} {
		t.Run(name, func(t *testing.T) {
			u := make(t, Options{})
			u.cloud.Fault(Fault{Method: "POST", Path: serversPath, AcceptFirst: true, CloseConnection: true})
			_, err := u.try(t.Context(), "POST", "/compute/v2.1/servers", map[string]any{"server": map[string]any{
				"name": "a", "imageRef": DefaultImages()[0].ID, "flavorRef": "1", "networks": "none",
			}})
			if err == nil || len(u.cloud.Servers()) != 1 {
				t.Errorf("error %v, %d servers", err, len(u.cloud.Servers()))
			}
		})
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	for name, make := range map[string]func(*testing.T, Options) *user{"listener": listening, "memory": inMemory} {
		t.Run(name, func(t *testing.T) {
			u := make(t, Options{})
			u.cloud.Fault(Fault{Hang: true})
			// The client gives up once its call has arrived: one that gives up before
			// would leave the fault to the next call.
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			u.cloud.Configure(func(o *Options) { o.OnCall = func(int, string, string) { cancel() } })
			if _, err := u.try(ctx, "GET", "/compute/v2.1/servers", nil); err == nil {
				t.Error("an answer came")
			}
			u.call("GET", "/compute/v2.1/servers", nil).is(t, 200, "")
		})
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{Latency: 200 * time.Millisecond})
		before := time.Now()
		u.call("GET", "/compute/v2.1/servers", nil)
		if d := time.Since(before); d != 200*time.Millisecond {
			t.Errorf("took %s", d)
		}
	})
}

func TestCallsAreCountedByEndpoint(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	u := inMemory(t, Options{OnCall: func(n int, method, path string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%d %s %s", n, method, path))
	}})
	u.cloud.ResetCalls()
	seen = nil
	id := u.create("a", nil)
	for _, path := range []string{
		"/servers/" + id, "/servers/" + noUUID, "/servers/detail?limit=3", "/servers/" + id + "/metadata/k", "/nosuch",
	} {
		u.call("GET", "/compute/v2.1"+path, nil)
	}
	u.call("GET", "/network/v2.0/ports?device_id="+id, nil)
	want := map[string]int{
		"POST /compute/servers": 1, "GET /compute/servers/{id}": 2, "GET /compute/servers/detail": 1,
		"GET /compute/servers/{id}/metadata/{key}": 1, "GET /compute/nosuch": 1, "GET /network/ports": 1,
	}
	if got := u.cloud.Calls(); fmt.Sprint(got) != fmt.Sprint(want) || u.cloud.TotalCalls() != 7 {
		t.Errorf("calls %v, total %d", got, u.cloud.TotalCalls())
	}
	if len(seen) != 7 || seen[0] != "1 POST /compute/servers" || seen[6] != "7 GET /network/ports" {
		t.Errorf("OnCall saw %v", seen)
	}
}

const noUUID = "11111111-1111-1111-1111-111111111111"

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{TokenTTL: time.Minute})
		servers := func() int { return u.call("GET", "/compute/v2.1/servers", nil).status }
		if got := servers(); got != http.StatusOK {
			t.Errorf("fresh: %d", got)
		}
		time.Sleep(time.Minute)
		if got := servers(); got != http.StatusUnauthorized {
			t.Errorf("expired: %d", got)
		}
		u.login()
		u.cloud.ExpireTokens()
		if got := servers(); got != http.StatusUnauthorized {
			t.Errorf("taken away: %d", got)
		}
		u.login()
		if got := servers(); got != http.StatusOK {
			t.Errorf("new: %d", got)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	u := listening(t, Options{BuildDelay: 5 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			id := u.create(fmt.Sprint("s", i), nil)
			u.show(id)
			u.call("DELETE", "/compute/v2.1/servers/"+id, nil)
		})
	}
	wg.Wait()
	if n, p := len(u.cloud.Servers()), u.cloud.PortCount(); n+p != 0 || u.cloud.Created() != 40 {
		t.Errorf("%d servers and %d ports left of %d", n, p, u.cloud.Created())
	}
}
