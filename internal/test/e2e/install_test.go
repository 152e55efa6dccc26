//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// TestInstall makes a cluster with Slurm of an image that has no batch system: the nodes
// install it. How long that takes on these nodes is logged.
func TestInstall(t *testing.T) {
	s := begin(t, "nebula", cloudenv.BareImage)
	s.env[cloudenv.Image] = s.env[cloudenv.BareImage]
	s.batch, s.want.batch = slurm{}, "install = true"
	if url := os.Getenv(cloudenv.PackageSource); url != "" {
		s.want.group = fmt.Sprintf(packageSource, url)
		s.want.frontEnd = s.want.group
	}
	s.tell(t, []chapter{
		{"create a front-end and a worker", func(t *testing.T) { s.want.workers = 1; s.create(t) }},
		{"each node has installed what it runs", s.installed},
		{"a job runs", func(t *testing.T) { s.pool(t, s.workers(t)...); s.runJobs(t, 1, 1) }},
		{"destroy", s.destroy},
	})
}

// packageSource has apt fetch from one flat repository alone.
const packageSource = `cloud_config = <<-EOT
      #cloud-config
      apt:
        preserve_sources_list: false
        sources_list: |
          Types: deb
          URIs: %s
          Suites: ./
          Trusted: yes
    EOT`

// installed expects the packages of each node's role, and not those of the other one's.
func (s *story) installed(t *testing.T) {
	nodes := s.servers(t)
	for name, want := range map[string]string{s.frontEnd(): "slurmctld", s.workers(t)[0]: "slurmd"} {
		n, there := nodes.ByName(name)
		if !there {
			t.Fatalf("%s has no server", name)
		}
		out := s.asOperatorOnce(n).must(t, `
dpkg-query -W -f '${db:Status-Status} ${Package}\n' slurmctld slurmd 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' '; echo
grep -h -E 'Commandline|^(Start|End)-Date' /var/log/apt/history.log | tail -n 3 | tr '\n' ';'; echo
sudo -n cloud-init analyze blame 2>/dev/null | head -n 4; systemctl is-system-running || true`)
		t.Logf("%s:\n%s", name, out)
		if has, _, _ := strings.Cut(out, "\n"); strings.TrimSpace(has) != want {
			t.Errorf("%s has %q, want %s alone", name, has, want)
		}
	}
}
