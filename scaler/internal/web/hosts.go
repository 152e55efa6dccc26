package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// checkHost refuses requests for a host name that is not the page's. A web page from
// elsewhere can have its own name lead to this address (DNS rebinding), and then reads
// the answers as its own; its requests have that name in the Host header. An address in
// numbers can't be made to lead elsewhere, so every such address is served.
func (a Access) checkHost(certified func(name string) bool, next http.Handler) http.Handler {
	names := map[string]bool{"localhost": true}
	for _, n := range a.Hosts {
		names[plainName(n)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := hostName(r.Host)
		_, err := netip.ParseAddr(name)
		switch {
		case name == "" && r.Host == "": // HTTP/1.0; a browser always sends a name
		case err == nil, names[name], certified(name):
		default:
			http.Error(w, "The scaler does not serve its page under this host name. Add the name to hosts in the web block of its configuration, or use the address in numbers.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName returns the name or the address in a Host header, without the port.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return plainName(name)
	}
	return plainName(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}

// plainName returns a host name as names are compared.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
