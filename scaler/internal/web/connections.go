package web

import (
	"net"
	"net/netip"
	"sync"
)

// The most connections that are open at the same time, in all and from one origin. The
// page takes one or two of a browser, and a scrape one. Further connections are closed
// at once, so that one client can't keep the others out.
const (
	mostConnections = 256
	mostOfOrigin    = 64
)

// origin returns the address to which the deeds of a client are counted: its IPv4
// address, or the /64 network of its IPv6 address, of which one machine can have every
// address. What is no such address counts as one origin, the zero value.
func origin(address string) netip.Addr {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		return netip.PrefixFrom(ip, 64).Masked().Addr()
	}
	return ip
}

// limitedListener accepts as many connections at the same time as the limits allow.
type limitedListener struct {
	net.Listener
	most, mostOfOrigin int

	mu   sync.Mutex
	open map[netip.Addr]int
	all  int
}

// Accept implements net.Listener. It closes connections that exceed a limit and waits
// for the next one.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := origin(c.RemoteAddr().String())
		if l.take(from) {
			return &countedConn{Conn: c, release: sync.OnceFunc(func() { l.release(from) })}, nil
		}
		_ = c.Close() // nothing was exchanged on it
	}
}

func (l *limitedListener) take(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.most || l.open[from] >= l.mostOfOrigin {
		return false
	}
	if l.open == nil {
		l.open = map[netip.Addr]int{}
	}
	l.all++
	l.open[from]++
	return true
}

func (l *limitedListener) release(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

// countedConn is a connection that counts until it is closed.
type countedConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.release()
	return c.Conn.Close()
}
