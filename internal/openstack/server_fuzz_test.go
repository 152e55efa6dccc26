package openstack

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Names, faults and addresses of servers are other people's text: what becomes of them
// is shown on terminals and stands in hosts files.
func FuzzServer(f *testing.F) {
	for _, text := range []string{
		`{"id":"1","name":"astro-cpu-1","status":"ACTIVE","addresses":{"n":[{"addr":"10.0.0.1","OS-EXT-IPS:type":"fixed"}]},"tags":["vmcluster:c1","vmcluster-role:worker"]}`,
		`{"id":"1","name":"a\nb","status":"\u001b[2J","fault":{"code":500,"message":"x\u001b]0;y\u0007"},"image":""}`,
		`{"id":"1","addresses":{"n":[{"addr":"fe80::1%eth0\nevil","OS-EXT-IPS:type":"fixed"},{"addr":"::1%a b","OS-EXT-IPS:type":"floating"}]}}`,
		`{"id":"1","created":"never","image":{"id":7},"metadata":{"vmcluster_network":"x","vmcluster_doc":"1 1"},"os-extended-volumes:volumes_attached":[{}]}`,
		`{"status":null,"tags":null,"addresses":{"n":null}}`,
	} {
		f.Add([]byte(text))
	}
	shown := func(text string) bool {
		return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) })
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r record
		if json.Unmarshal(body, &r) != nil {
			return
		}
		n, _ := r.node()
		if !shown(n.Name) || !shown(string(n.Status)) || !shown(n.Zone) || n.Fault != nil && !shown(n.Fault.Message) {
			t.Errorf("a terminal would obey %+v", n)
		}
		for _, address := range []string{n.Address, n.Floating} {
			if address != "" && !cluster.IsAddress(address) {
				t.Errorf("%q is an address", address)
			}
		}
		if _, err := cluster.ViewOf(cluster.Nodes{n}); err != nil && !shown(err.Error()) {
			t.Errorf("a terminal would obey the error %q", err)
		}
	})
}
