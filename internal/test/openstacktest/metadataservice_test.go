package openstacktest

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The slot's behaviour was measured on a real cloud with a cache of 15 s.
func TestPasswordSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{MetadataCache: 15 * time.Second})
		id := u.create("a", nil)
		path := "/compute/v2.1/servers/" + id + "/os-server-password"
		post := func(content string, want error) {
			t.Helper()
			if err := u.cloud.PostPassword(id, content); !errors.Is(err, want) {
				t.Errorf("post %.10q: %v, want %v", content, err, want)
			}
		}
		holds := func(want string) {
			t.Helper()
			if got := u.call("GET", path, nil).get("password"); got != want {
				t.Errorf("slot holds %q, want %q", got, want)
			}
		}
		post("one", nil)
		holds("one") // the API shows it at once
		post("two", nil)
		holds("two") // within the cache's time a second one overwrites
		time.Sleep(15 * time.Second)
		post("three", ErrSlotOccupied)
		u.call("DELETE", path, nil).is(t, 204, "")
		holds("")
		time.Sleep(14 * time.Second)
		post("four", ErrSlotOccupied) // cleared, but the cache does not know
		time.Sleep(time.Second)
		post(strings.Repeat("x", 1021), ErrTooLarge)
		post(strings.Repeat("x", 1020), nil)
		if err := u.cloud.PostPassword(noUUID, "x"); !errors.Is(err, ErrNoServer) {
			t.Errorf("unknown server: %v", err)
		}
	})
}

func TestGuestSeesMetadataLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{MetadataCache: 15 * time.Second})
		id := u.create("a", map[string]any{"metadata": map[string]any{"g": "1"}})
		put := func(g string) {
			u.call("PUT", "/compute/v2.1/servers/"+id+"/metadata", map[string]any{"metadata": map[string]any{"g": g}})
		}
		sees := func(want string) {
			t.Helper()
			if m, err := u.cloud.GuestMetadata(id); err != nil || m["g"] != want {
				t.Errorf("guest sees %v (%v), want %s", m, err, want)
			}
		}
		sees("1")
		put("2")
		sees("1")
		put("3") // two changes within the cache's time: the first is never seen
		time.Sleep(15 * time.Second)
		sees("3")
		if got := u.call("GET", "/compute/v2.1/servers/"+id+"/metadata", nil).get("metadata", "g"); got != "3" {
			t.Errorf("the API shows %q", got)
		}
	})
}

func TestSeveralMetadataWorkersMayGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Options{MetadataCache: 15 * time.Second, MetadataWorkers: 2})
		id := u.create("a", map[string]any{"metadata": map[string]any{"g": "1"}})
		var seen []string
		look := func() {
			m, _ := u.cloud.GuestMetadata(id)
			seen = append(seen, m["g"])
		}
		look()
		u.call("PUT", "/compute/v2.1/servers/"+id+"/metadata", map[string]any{"metadata": map[string]any{"g": "2"}})
		look()
		look()
		if got := strings.Join(seen, ""); got != "121" {
			t.Errorf("seen %s", got)
		}
	})
}

func TestConsoleTail(t *testing.T) {
	u := inMemory(t, Options{})
	id := u.create("a", nil)
	u.cloud.WriteConsole(id, "one\ntwo\nthree\n")
	for length, want := range map[any]string{2: "two\nthree\n", "1": "three\n", nil: "a login: \none\ntwo\nthree\n", 99: "a login: \none\ntwo\nthree\n"} {
		r := u.call("POST", "/compute/v2.1/servers/"+id+"/action", map[string]any{"os-getConsoleOutput": map[string]any{"length": length}})
		if got := r.get("output"); got != want {
			t.Errorf("length %v: %q", length, got)
		}
	}
}

func TestPyRepr(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":1,"a":[true,null,"x"]}`: `{'b': 1, 'a': [True, None, 'x']}`,
		`"it's"`:                      `"it's"`,
		`"a\nb"`:                      `'a\nb'`,
		`{}`:                          `{}`,
		`1.5`:                         `1.5`,
	} {
		if got := pyRepr([]byte(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
