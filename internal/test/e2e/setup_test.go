//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// runMark is the metadata key by which the servers of one run of one test are
// known: there may be clusters of others with the same name.
const runMark = "e2e_run"

var errNameTaken = errors.New("the project has a cluster of this name, and it may be somebody's")

// begin prepares a story about a cluster of that name, which may need more of the
// environment than all do. What it makes is removed when the test ends.
func begin(t *testing.T, name string, more ...string) *story {
	t.Helper()
	env, err := cloudenv.Read(append(more, "OS_CLOUD", cloudenv.Image, cloudenv.Flavor, cloudenv.Network, cloudenv.SecurityGroup,
		cloudenv.KeyPair, cloudenv.PrivateKey, cloudenv.ImageUser)...)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs("../../../bin")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cli, err := tfcli.New(path, dir, bin)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	cli.Env = []string{"TF_LOG=DEBUG", "TF_LOG_PATH=" + filepath.Join(dir, "debug.log"), "TF_VAR_ca_key=" + key}
	cloud, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{name: name, mark: strings.ToLower(rand.Text()), env: env, cli: cli, cloud: cloud, batch: htcondor{user: name}, tasks: map[string]string{}}
	if err := s.nameIsFree(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cleanUp(t) })
	return s
}

// nameIsFree refuses to begin beside a cluster of the same name.
func (s *story) nameIsFree(ctx context.Context) error {
	servers, err := s.cloud.Nodes(ctx, cluster.NameTag(s.name))
	if err != nil {
		return err
	}
	if len(servers) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s, ID %s, servers %v; if it is left over from a test, delete these servers and begin again",
		errNameTaken, s.name, servers[0].ClusterID, servers.Names())
}

// cleanUp removes what a story that ended early leaves, after it has saved the consoles.
// It touches only servers with the mark of this run.
func (s *story) cleanUp(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	servers, err := s.cloud.Nodes(ctx, cluster.NameTag(s.name))
	if err != nil {
		t.Errorf("what is left could not be listed: %v", err)
		return
	}
	ours := map[string]bool{}
	if s.id != "" {
		ours[s.id] = true // perhaps without servers, but with a floating IP
	}
	for _, n := range servers {
		if n.Metadata[runMark] != s.mark {
			continue
		}
		ours[n.ClusterID] = true
		if text, err := s.cloud.ConsoleTail(ctx, n.ID, 40); t.Failed() && err == nil {
			t.Logf("console of %s:\n%s", n.Name, text)
		}
	}
	if t.Failed() && os.Getenv("VMCLUSTER_E2E_KEEP") != "" {
		t.Logf("servers are kept: %v", servers.Names())
		return
	}
	p := provision.New(s.cloud, provision.Options{})
	for id := range ours {
		if err := p.Destroy(ctx, cluster.Ref{ID: id}, nil); err != nil {
			t.Error(err)
		}
	}
}

// authenticated returns a client of the cloud that the environment names.
func authenticated(t *testing.T) (*gophercloud.ProviderClient, gophercloud.EndpointOpts) {
	t.Helper()
	var options []clouds.ParseOption
	if path := os.Getenv("OS_CLIENT_CONFIG_FILE"); path != "" {
		options = append(options, clouds.WithLocations(path))
	}
	auth, endpoint, trust, err := clouds.Parse(options...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := config.NewProviderClient(t.Context(), auth, config.WithTLSConfig(trust))
	if err != nil {
		t.Fatal(err)
	}
	return client, endpoint
}
