package web

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// guarded returns what Listen serves, without a socket.
func guarded(a Access, certified ...string) http.Handler {
	names := func(name string) bool {
		for _, c := range certified {
			if c == name {
				return true
			}
		}
		return false
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") })
	return a.guard(names, page)
}

// A page from elsewhere that lets its own name lead to this address gets nothing.
func TestOnlyKnownHostNamesAreServed(t *testing.T) {
	h := guarded(Access{Hosts: []string{"astro-frontend", "Scaler.Example.Org"}}, "certified.example.org")
	for host, want := range map[string]int{
		"127.0.0.1:9180": 200, "[::1]:9180": 200, "[::1]": 200, "10.0.0.7": 200, "[fe80::1%eth0]:1": 200, "localhost:9180": 200, "LOCALHOST": 200, "localhost.": 200,
		"astro-frontend:9180": 200, "scaler.example.org": 200, "certified.example.org:443": 200, "": 200,
		"evil.example.com": 421, "evil.example.com:9180": 421, "127.0.0.1.evil.example.com": 421, "localhost.evil.example.com": 421, "evil.example.com.": 421,
		"2130706433": 421, "0x7f000001": 421, "astro-frontend.evil.example.com": 421, ":9180": 421, "[": 421, "a:b:c": 421, " localhost": 421, "localhost\x00": 421,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || want != 200 && (strings.Contains(w.Body.String(), "the page") || !strings.Contains(w.Body.String(), "hosts in the web block")) {
			t.Errorf("host %q: %d %s, want %d", host, w.Code, w.Body, want)
		}
		if w.Header().Get("X-Frame-Options") != "DENY" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") ||
			w.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("host %q: headers %v", host, w.Header())
		}
	}
}

// try logs in from an address and returns the answer.
func try(h http.Handler, from, name, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
	r.RemoteAddr = from
	if name != "" {
		r.SetBasicAuth(name, password)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFailedLoginsAreSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		h := guarded(Access{Username: "ops", Password: "right", Guessing: func(from string) { told = append(told, from) }})
		const guesser, other = "192.0.2.7:40000", "192.0.2.8:40000"
		guesses := 0
		for began := time.Now(); time.Since(began) < time.Hour; time.Sleep(100 * time.Millisecond) {
			switch w := try(h, guesser, "ops", fmt.Sprint("wrong", guesses)); w.Code {
			case 401:
				guesses++
			case 429:
				if w.Header().Get("Retry-After") == "" || w.Header().Get("Retry-After") == "0" {
					t.Fatalf("no time is named: %v", w.Header())
				}
			default:
				t.Fatalf("a wrong password: %d", w.Code)
			}
		}
		if guesses < freeFailures || guesses > 80 {
			t.Errorf("%d guesses were judged within an hour", guesses)
		}
		if len(told) != 1 || told[0] != "192.0.2.7" {
			t.Errorf("guessing was reported %d times: %v", len(told), told)
		}
		if w := try(h, other, "ops", "right"); w.Code != 200 {
			t.Errorf("the right password from another address: %d", w.Code)
		}
		try(h, guesser, "ops", "wrong")
		if w := try(h, guesser, "ops", "right"); w.Code != 429 {
			t.Errorf("the right password during the pause: %d, which confirms a guess", w.Code)
		}
		if w := try(h, guesser, "", ""); w.Code != 401 {
			t.Errorf("without a password: %d", w.Code)
		}
		time.Sleep(longestPause)
		if w := try(h, guesser, "ops", "right"); w.Code != 200 {
			t.Errorf("the right password after the pause: %d", w.Code)
		}
		for range freeFailures - 1 {
			try(h, guesser, "ops", "wrong")
		}
		if w := try(h, guesser, "ops", "right"); w.Code != 200 {
			t.Errorf("the right password after a few mistakes: %d", w.Code)
		}
	})
}

// A machine has every address of its IPv6 network.
func TestAnIPv6NetworkIsOneOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := guarded(Access{Username: "ops", Password: "right"})
		for i := range freeFailures {
			try(h, fmt.Sprintf("[2001:db8::%x]:1", i), "ops", "wrong")
		}
		if w := try(h, "[2001:db8::ffff]:1", "ops", "wrong"); w.Code != 429 {
			t.Errorf("another address of the network: %d", w.Code)
		}
		if w := try(h, "[2001:db8:0:1::1]:1", "ops", "wrong"); w.Code != 401 {
			t.Errorf("another network: %d", w.Code)
		}
		if a, b := origin("[::ffff:192.0.2.1]:5"), origin("192.0.2.1:6"); a != b {
			t.Errorf("%s and %s are one address", a, b)
		}
	})
}

// The memory of failures is bounded, and the newest stay.
func TestManyGuessersAreNotRememberedForEver(t *testing.T) {
	var f failures
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for i := range 5 * mostOrigins {
		f.judge(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), false, now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(f.of) != mostOrigins {
		t.Errorf("%d origins are remembered", len(f.of))
	}
	last := 5*mostOrigins - 1
	if f.of[netip.AddrFrom4([4]byte{10, byte(last >> 16), byte(last >> 8), byte(last)})].count != 1 {
		t.Error("the newest is forgotten")
	}
	f.judge(netip.AddrFrom4([4]byte{192, 0, 2, 1}), false, now.Add(time.Hour))
	if len(f.of) != 1 {
		t.Errorf("%d origins are remembered an hour later", len(f.of))
	}
}

// A wrong name and a wrong password get the same answer, whatever they look like.
func TestLoginsDoNotShowWhichNamesThereAre(t *testing.T) {
	var answers []string
	for _, login := range [][2]string{{"ops", "wrong"}, {"other", "right"}, {"other", "wrong"}, {"ops", ""}, {"x", "y"}, {strings.Repeat("o", 5000), "right"}, {"ops", "right2"}, {"Ops", "right"}} {
		w := try(guarded(Access{Username: "ops", Password: "right"}), "192.0.2.1:1", login[0], login[1])
		answers = append(answers, fmt.Sprint(w.Code, w.Header(), w.Body))
	}
	for i, a := range answers {
		if a != answers[0] || !strings.HasPrefix(a, "401") {
			t.Errorf("login %d: %s, and the first one: %s", i, a, answers[0])
		}
	}
}

// queue is a listener that hands out prepared connections.
type queue struct{ conns chan net.Conn }

func (q queue) Accept() (net.Conn, error) {
	c, ok := <-q.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (q queue) Close() error   { return nil }
func (q queue) Addr() net.Addr { return &net.TCPAddr{} }

// client is a connection from an address.
type client struct {
	net.Conn
	from   string
	closed bool
}

func (c *client) Close() error { c.closed = true; return nil }
func (c *client) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from))
}

// One client that opens many connections does not keep the others out.
func TestConnectionsAreCapped(t *testing.T) {
	clients := make(chan net.Conn, 100)
	l := &limitedListener{Listener: queue{clients}, most: 8, mostOfOrigin: 3}
	var greedy []*client
	for range 5 {
		c := &client{from: "192.0.2.1:1"}
		greedy = append(greedy, c)
		clients <- c
	}
	clients <- &client{from: "192.0.2.2:1"}
	var open []net.Conn
	for range 4 {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	if from := open[3].RemoteAddr().String(); from != "192.0.2.2:1" || greedy[2].closed || !greedy[3].closed || !greedy[4].closed {
		t.Errorf("the fourth connection is from %s; closed: %v %v %v", from, greedy[2].closed, greedy[3].closed, greedy[4].closed)
	}
	for i := range 4 {
		clients <- &client{from: fmt.Sprintf("192.0.2.%d:1", 10+i)}
	}
	for range 4 {
		if _, err := l.Accept(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a second Close counts no second time
		_ = open[0].Close()
	}
	clients <- &client{from: "192.0.2.1:2"}
	clients <- &client{from: "192.0.2.1:3"}
	close(clients)
	if c, err := l.Accept(); err != nil || c.RemoteAddr().String() != "192.0.2.1:2" {
		t.Errorf("after a connection was closed: %v, %v", c, err)
	}
	if c, err := l.Accept(); err == nil {
		t.Errorf("%s exceeds the limit", c.RemoteAddr())
	}
	if l.all != 8 || l.open[origin("192.0.2.1:1")] != 3 {
		t.Errorf("%d connections are open, %v", l.all, l.open)
	}
}
