package openstacktest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{Pace: Pace{
			Create: 500 * time.Millisecond, Delete: 200 * time.Millisecond, List: 100 * time.Millisecond, PerServer: 3 * time.Millisecond,
		}})
		took := func(call func()) time.Duration {
			start := time.Now()
			call()
			return time.Since(start)
		}
		var id string
		if d := took(func() { id = u.create("a", nil) }); d != 500*time.Millisecond {
			t.Errorf("a POST takes %s", d)
		}
		u.create("b", nil)
		list := func() { u.call("GET", "/compute/v2.1/servers/detail", nil).is(t, 200, `"name":"b"`) }
		if d := took(list); d != 106*time.Millisecond {
			t.Errorf("a list of two takes %s", d)
		}
		if d := took(func() { u.show(id) }); d != 0 {
			t.Errorf("a look at one server takes %s", d)
		}
		if d := took(func() { u.call("DELETE", "/compute/v2.1/servers/"+id, nil).is(t, 204, "") }); d != 200*time.Millisecond {
			t.Errorf("a DELETE takes %s", d)
		}
	})
}

// A list shows what there was when it began.
func TestAListIsOldWhenItArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{BuildDelay: 10 * time.Second, Pace: Pace{List: 3 * time.Second}})
		u.create("a", nil)
		time.Sleep(8 * time.Second)
		u.call("GET", "/compute/v2.1/servers/detail", nil).is(t, 200, `"status":"BUILD"`)
		u.call("GET", "/compute/v2.1/servers/detail", nil).is(t, 200, `"status":"ACTIVE"`)
	})
}

func TestServersAreBuiltAndDeletedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		u := inMemory(t, Options{BuildDelay: 10 * time.Second, AddressDelay: 2 * time.Second, DeleteDelay: 3 * time.Second, Pace: Pace{Builds: 2, Deletes: 4}})
		for i := range 5 {
			u.create(fmt.Sprint("s", i), nil)
		}
		time.Sleep(11 * time.Second) // two are there, two are being built and one waits
		if n := u.cloud.PortCount(); n != 2 {
			t.Errorf("%d servers have an address after 11 s, want 2", n)
		}
		time.Sleep(time.Minute)
		var active []time.Duration
		for _, s := range u.cloud.Servers() {
			active = append(active, s.ActiveFrom.Sub(start))
		}
		if want := []time.Duration{10 * time.Second, 10 * time.Second, 20 * time.Second, 20 * time.Second, 30 * time.Second}; !slices.Equal(active, want) {
			t.Errorf("ACTIVE after %v, want %v", active, want)
		}
		for _, s := range u.cloud.Servers() {
			u.call("DELETE", "/compute/v2.1/servers/"+s.ID, nil).is(t, 204, "")
		}
		for _, left := range []int{1, 0} {
			time.Sleep(3 * time.Second)
			if n := len(u.cloud.Servers()); n != left {
				t.Errorf("%d servers are left, want %d", n, left)
			}
		}
	})
}

func TestBuildsDiffer(t *testing.T) {
	p := Pace{Spread: 4 * time.Second}
	least, most := time.Hour, -time.Hour
	for n := range 100 {
		least, most = min(least, p.differs(n)), max(most, p.differs(n))
	}
	if least < -4*time.Second || least > -3*time.Second || most > 4*time.Second || most < 3*time.Second {
		t.Errorf("builds differ by %s to %s", least, most)
	}
}

// BenchmarkList1000 lists a thousand servers with the metadata and user data of a
// cluster's workers.
func BenchmarkList1000(b *testing.B) {
	cloud := New(Options{})
	defer cloud.Close()
	const id = "benchmark"
	cloud.tokens[id] = &token{expires: time.Now().Add(time.Hour)}
	cloud.add(&server{
		name: "s", image: DefaultImages()[0].ID, flavor: DefaultFlavors()[0], status: statusBuild, created: time.Now(),
		nics: cloud.chooseNetworks(nil, nil), groups: []string{"default"},
		metadata: map[string]string{"vmcluster_batch": "abcdefghij", "vmcluster_owner": "terraform"}, tags: []string{"vmc-name:bench"},
	}, 1000)
	list, err := http.NewRequestWithContext(b.Context(), http.MethodGet, cloud.URL()+"/compute/v2.1/servers/detail", nil)
	if err != nil {
		b.Fatal(err)
	}
	list.Header.Set("X-Auth-Token", id)
	for b.Loop() {
		answer, err := cloud.Transport().RoundTrip(list)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil || n < 500_000 {
			b.Fatalf("%d bytes, %v", n, err)
		}
		answer.Body.Close()
	}
}
