//go:build acceptance

package access_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"
	keystone "github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/config"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/applicationcredentials"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
)

// TestLifeOnARealCloud runs a scaler on the cloud that OS_CLOUD names, with an application
// credential that has the rules that `status --access-rules` prints and no other ones.
func TestLifeOnARealCloud(t *testing.T) {
	if os.Getenv(cloudenv.AccessRules) != "1" {
		t.Skip(cloudenv.AccessRules + " is not 1: it says that the cloud's services heed access rules (service_type in their [keystone_authtoken])")
	}
	env, err := cloudenv.Read("OS_CLOUD", cloudenv.Image, cloudenv.Flavor, cloudenv.Network)
	if err != nil {
		t.Fatal(err)
	}
	maker := client(t, openstack.Config{})
	endpoints, err := maker.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	rules := access.Rules(endpoints)
	owner := login(t)
	limited := owner.restricted(t, rules)

	name := "access-" + uuid.NewString()[:8]
	birth(t, maker, name, env[cloudenv.Image], env[cloudenv.Flavor], env[cloudenv.Network])
	var r recorder
	limited.Log = r.log
	scaler := client(t, limited)
	life(t, scaler, name, func(worker string) { loseServer(t, maker, name, worker) })
	t.Logf("%d calls; not needed here: %v", len(r.calls), r.check(t, rules))

	// A call that no rule allows is refused, and the refusal names it.
	_, err = scaler.ResolveKeyPair(t.Context(), "any")
	var refused *cluster.CloudError
	if !errors.As(err, &refused) || refused.Call != "GET "+endpoints.Compute.Path+"/os-keypairs" || cluster.IsKind(err, cluster.FaultNotFound) {
		t.Errorf("a call without a rule: %v", err)
	}
	t.Log(err)

	// So is a call whose rule is left out.
	var fewer []access.Rule
	for _, rule := range rules {
		if rule.Method != "POST" || rule.Path != endpoints.Compute.Path+"/servers" {
			fewer = append(fewer, rule)
		}
	}
	poorer := actuate.NewNova(name, provision.Steps{Provisioner: provision.New(client(t, owner.restricted(t, fewer)), provision.Options{Owner: cluster.OwnerScaler})})
	view, err := poorer.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = add(t, poorer, view.Document.ID)
	if err == nil || !strings.Contains(err.Error(), "to POST "+endpoints.Compute.Path+"/servers)") {
		t.Errorf("a worker without the rule to make one: %v", err)
	}
	t.Log(err)
}

// loseServer makes a worker vanish, as a deletion by hand does.
func loseServer(t *testing.T, maker *openstack.Client, name, worker string) {
	t.Helper()
	view, err := actuate.NewNova(name, provision.Steps{Provisioner: provision.New(maker, provision.Options{})}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, there := view.Nodes.ByName(worker)
	if !there {
		t.Fatalf("%s has no server", worker)
	}
	if err := maker.DeleteNode(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}
}

// owner is the user that OS_CLOUD names.
type owner struct {
	identity *gophercloud.ServiceClient
	user     string
	region   string
	trust    *tls.Config
}

func login(t *testing.T) owner {
	t.Helper()
	var options []clouds.ParseOption
	if path := os.Getenv("OS_CLIENT_CONFIG_FILE"); path != "" {
		options = append(options, clouds.WithLocations(path))
	}
	auth, endpoint, trust, err := clouds.Parse(options...)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := config.NewProviderClient(t.Context(), auth, config.WithTLSConfig(trust))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := keystone.NewIdentityV3(provider, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := provider.GetAuthResult().(tokens.CreateResult)
	if !ok {
		t.Fatalf("the login's result is a %T", provider.GetAuthResult())
	}
	user, err := token.ExtractUser()
	if err != nil {
		t.Fatal(err)
	}
	return owner{identity: identity, user: user.ID, region: endpoint.Region, trust: trust}
}

// restricted returns a login by an application credential with these rules.
func (o owner) restricted(t *testing.T, rules []access.Rule) openstack.Config {
	t.Helper()
	raw, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	opts := applicationcredentials.CreateOpts{Name: "vmcluster-test-" + uuid.NewString()}
	if err := json.Unmarshal(raw, &opts.AccessRules); err != nil {
		t.Fatal(err)
	}
	made, err := applicationcredentials.Create(t.Context(), o.identity, o.user, opts).Extract()
	if err != nil {
		t.Fatalf("make an application credential (OS_CLOUD's own must be a password, or unrestricted): %v", err)
	}
	t.Cleanup(func() { o.discard(t, made) })
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = o.trust
	return openstack.Config{
		AuthURL: o.identity.Endpoint, Region: o.region, Transport: transport,
		ApplicationCredentialID: made.ID, ApplicationCredentialSecret: made.Secret,
		Getenv: func(string) string { return "" }, // not as OS_CLOUD says
	}
}

func (o owner) discard(t *testing.T, made *applicationcredentials.ApplicationCredential) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := applicationcredentials.Delete(ctx, o.identity, o.user, made.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
	for _, rule := range made.AccessRules { // rules outlive their credential
		err := applicationcredentials.DeleteAccessRule(ctx, o.identity, o.user, rule.ID).ExtractErr()
		if err != nil && !gophercloud.ResponseCodeIs(err, http.StatusNotFound) && !gophercloud.ResponseCodeIs(err, http.StatusForbidden) {
			t.Error(err)
		}
	}
}
