//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// noMetadata is cloud-config that closes the metadata service to root as well, at each
// boot before the node program runs. So the test of clouds without a metadata service
// runs on any cloud. nftables.service would flush the rule if it ran later; it runs
// before the network, and bootcmd after it.
const noMetadata = `cloud_config = <<-EOT
      #cloud-config
      bootcmd:
        - nft add table inet e2e && nft add chain inet e2e output '{ type filter hook output priority -10; }' && nft add rule inet e2e output ip daddr 169.254.169.254 counter reject || iptables -I OUTPUT -d 169.254.169.254 -j REJECT
    EOT`

// TestLastWorker is the life of a cluster on a cloud with config drives only: the
// last new worker of a growth takes the roster to the front-end.
func TestLastWorker(t *testing.T) {
	s := begin(t, "comet")
	var attacker forger
	s.tell(t, []chapter{
		{"create a front-end and a worker", func(t *testing.T) {
			// On workers the config drive follows from the coordinator.
			s.want = wanted{
				workers: 1, cluster: `coordinator = "last_worker"`,
				frontEnd: "config_drive = true\n    " + noMetadata, group: noMetadata,
			}
			s.create(t)
			s.whole(t)
		}},
		{"a job forges reports on the console", func(t *testing.T) { s.forgesReports(t, &attacker) }},
		{"grow to three", func(t *testing.T) {
			before := s.ids(t)
			s.want.workers = 3
			s.apply(t)
			for name, id := range before {
				if now := s.ids(t)[name]; now != id {
					t.Errorf("%s is another server than before", name)
				}
			}
			s.whole(t)
			s.messengerArrived(t, "comet-cpu-3")
			s.bornTrusting(t, attacker)
		}},
		{"destroy", s.destroy},
	})
}

// whole expects that each node trusts each, that the pool has every worker and
// runs a job, and that no node has seen a metadata service.
func (s *story) whole(t *testing.T) {
	t.Helper()
	workers := s.workers(t)
	if len(workers) != s.want.workers {
		t.Fatalf("the workers are %v, want %d", workers, s.want.workers)
	}
	s.withoutMetadata(t)
	s.trusts(t, workers...)
	s.pool(t, workers...)
	s.ranOnce(t, s.runJobs(t, 1, 1), 1)
}

// withoutMetadata expects of each node that root can't reach the metadata
// service and that cloud-init has read a config drive.
func (s *story) withoutMetadata(t *testing.T) {
	t.Helper()
	for _, n := range s.servers(t) {
		out := s.asOperator(n).must(t, `sudo -n curl -s -m 5 -o /dev/null http://169.254.169.254/openstack/latest/meta_data.json; echo "$?"; sudo -n cat /run/cloud-init/result.json`)
		exit, result, _ := strings.Cut(out, "\n")
		// 7 is "refused" and 28 "no answer in time"; a curl that is missing proves nothing.
		if exit != "7" && exit != "28" {
			t.Errorf("%s: root's curl of the metadata service exits with %s, want 7 or 28", n.Name, exit)
		}
		var ended struct {
			V1 struct {
				Source string   `json:"datasource"`
				Errors []string `json:"errors"`
			} `json:"v1"`
		}
		if err := json.Unmarshal([]byte(result), &ended); err != nil {
			t.Errorf("%s: cloud-init's result is %q: %v", n.Name, result, err)
		}
		if !strings.HasPrefix(ended.V1.Source, "DataSourceConfigDrive") || len(ended.V1.Errors) > 0 {
			t.Errorf("%s: cloud-init read %q, want the config drive; errors: %q", n.Name, ended.V1.Source, ended.V1.Errors)
		}
		t.Logf("%s: root's curl of the metadata service exits with %s; cloud-init read %s", n.Name, exit, ended.V1.Source)
	}
}

// messengerArrived expects that this worker took the roster to the front-end and has deleted
// the key for it.
func (s *story) messengerArrived(t *testing.T, worker string) {
	t.Helper()
	for _, n := range s.servers(t).Workers("") {
		out := s.asOperator(n).must(t, "sudo -n sh -c 'for f in document.json first_key first_key-cert.pub; do test ! -e /etc/vmcluster/$f || echo $f; done' | xargs")
		want := ""
		if n.Name == worker {
			want = "document.json"
		}
		if out != want {
			t.Errorf("%s has %q of what a messenger brings, want %q", n.Name, out, want)
		}
	}
}
