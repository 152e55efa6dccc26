package cluster

import (
	"strings"
	"testing"
)

// Whatever a front-end reports as its keys: people's known_hosts get at most one line
// for the front-end and one for its workers, and none for other machines.
func FuzzKnownHosts(f *testing.F) {
	for _, key := range []string{frontEndKey, hostCAKey + " root@astro", "", "* " + hostCAKey, frontEndKey + "\n@cert-authority * " + hostCAKey, "# x\n" + hostCAKey, "\x00\r\n" + hostCAKey} {
		f.Add(key, hostCAKey)
		f.Add(frontEndKey, key)
	}
	f.Fuzz(func(t *testing.T, hostKey, hostCA string) {
		a := access{"astro", "ada", []string{"cpu"}, "203.0.113.5", "10.0.0.9", hostKey, hostCA}
		allowed := []string{"astro-frontend,203.0.113.5,10.0.0.9 ", "@cert-authority astro-cpu-* "}
		for i, line := range strings.SplitAfter(a.knownHosts(), "\n") {
			if line == "" {
				continue
			}
			if i >= len(allowed) || !strings.HasPrefix(line, allowed[i]) || len(strings.Fields(line)) != len(strings.Fields(allowed[i]))+2 || strings.ContainsAny(line, "\r\x00") {
				t.Errorf("line %d is %q", i, line)
			}
		}
	})
}
