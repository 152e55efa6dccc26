package provider

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/packed"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// wire speaks the plugin protocol to a provider as a command line does, for what
// the command lines at hand are too old to ask.
type wire struct {
	t      testing.TB
	server packed.Answerer
	schema *tfprotov6.GetProviderSchemaResponse
}

// newWire returns a provider that works on that cloud; nil leaves it unconfigured.
func newWire(t testing.TB, cloud *openstacktest.Cloud) *wire {
	t.Helper()
	server := newServer("test")
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, server: server, schema: schema}
	w.clean(schema.Diagnostics)
	if cloud == nil {
		return w
	}
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config: w.value(schema.Provider.ValueType(), map[string]tftypes.Value{
			"auth_url": text(cloud.AuthURL()), "user_name": text(openstacktest.Username), "password": text(openstacktest.Password),
			"user_domain_name": text(openstacktest.DomainName), "tenant_name": text(openstacktest.ProjectName),
			"project_domain_name": text(openstacktest.DomainName), "region": text(openstacktest.Region),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.clean(configured.Diagnostics)
	return w
}

// value is an object with those attributes; the others are null.
func (w *wire) value(typ tftypes.Type, attributes map[string]tftypes.Value) *tfprotov6.DynamicValue {
	w.t.Helper()
	all := map[string]tftypes.Value{}
	for name, t := range typ.(tftypes.Object).AttributeTypes {
		all[name] = tftypes.NewValue(t, nil)
		if v, given := attributes[name]; given {
			all[name] = v
		}
	}
	value, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, all))
	if err != nil {
		w.t.Fatal(err)
	}
	return &value
}

// read returns the attributes of an object.
func (w *wire) read(v *tfprotov6.DynamicValue, typ tftypes.Type) map[string]tftypes.Value {
	w.t.Helper()
	value, err := v.Unmarshal(typ)
	if err != nil {
		w.t.Fatal(err)
	}
	var out map[string]tftypes.Value
	if err := value.As(&out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *wire) text(v tftypes.Value) string {
	w.t.Helper()
	var s string
	if err := v.As(&s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *wire) clean(diags []*tfprotov6.Diagnostic) {
	w.t.Helper()
	for _, d := range diags {
		w.t.Fatalf("%s: %s", d.Summary, d.Detail)
	}
}

func (w *wire) resourceType() tftypes.Type {
	return w.schema.ResourceSchemas["vmcluster_cluster"].ValueType()
}

func (w *wire) identityType() tftypes.Type {
	w.t.Helper()
	resp, err := w.server.GetResourceIdentitySchemas(w.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.IdentitySchemas["vmcluster_cluster"].ValueType()
}

// startCloud returns a cloud without guests: servers get ACTIVE, nothing joins.
func startCloud(t testing.TB) *openstacktest.Cloud {
	t.Helper()
	cloud := openstacktest.New(openstacktest.Options{})
	if err := cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	return cloud
}

// clientOf returns a client of that cloud.
func clientOf(t testing.TB, cloud *openstacktest.Cloud) *openstack.Client {
	t.Helper()
	client, err := openstack.New(t.Context(), openstack.Config{
		AuthURL: cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password,
		UserDomainName: openstacktest.DomainName, TenantName: openstacktest.ProjectName,
		ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// makeCluster makes a cluster of one group cpu, past Terraform.
func makeCluster(t *testing.T, cloud *openstacktest.Cloud, id, name string, workers int) {
	t.Helper()
	node := cluster.NodeSpec{
		Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID,
		SecurityGroups: []string{"default"},
	}
	g := guest.New(cloud, guest.Options{}) // the front-end reports its keys
	g.Start()
	defer g.Close()
	result, err := provision.New(clientOf(t, cloud), provision.Options{}).Apply(t.Context(), provision.Request{
		Create: true, Wait: provision.WaitJoined,
		Spec: cluster.Spec{
			ID: id, Name: name, LoginUser: name, LoginUID: cluster.DefaultLoginUID, KeyPair: "ops", BatchSystem: "htcondor",
			FrontEnd: node, Groups: map[string]cluster.GroupSpec{"cpu": {NodeSpec: node, Count: workers}},
		},
	})
	if err != nil || len(result.Problems) > 0 {
		t.Fatal(err, result.Problems)
	}
}

const (
	astroID  = "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2"
	nebulaID = "77d5b6a0-5d7e-4a44-9d38-0b0f6c0a8c11"
)

// Terraform 1.14's "terraform query" is not at hand, so its part of the protocol
// is asked directly.
func TestListClusters(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	makeCluster(t, cloud, nebulaID, "nebula", 1)
	makeCluster(t, cloud, astroID, "astro", 2)
	for _, s := range cloud.Servers() {
		if s.Name == "nebula-frontend" {
			cloud.RemoveServer(s.ID)
		}
	}
	w := newWire(t, cloud)
	listType := w.schema.ListResourceSchemas["vmcluster_cluster"].ValueType()
	name := func(s string) map[string]tftypes.Value {
		return map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, s)}
	}
	for _, row := range []struct {
		name   string
		config map[string]tftypes.Value
		limit  int64
		want   []string
	}{
		{"all, in order of name, a broken one too", nil, 0, []string{"astro (2 workers) " + astroID, "nebula (no front-end) " + nebulaID}},
		{"those of a name", name("nebula"), 0, []string{"nebula (no front-end) " + nebulaID}},
		{"no more than asked for", nil, 1, []string{"astro (2 workers) " + astroID}},
		{"none", name("orion"), 0, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &wire{t: t, server: w.server, schema: w.schema}
			cloud.ResetCalls()
			stream, err := w.server.ListResource(t.Context(), &tfprotov6.ListResourceRequest{
				TypeName: "vmcluster_cluster", Config: w.value(listType, row.config), Limit: row.limit, IncludeResource: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for result := range stream.Results {
				w.clean(result.Diagnostics)
				identity := w.read(result.Identity.IdentityData, w.identityType())
				state := w.read(result.Resource, w.resourceType())
				if id := w.text(state["id"]); id != w.text(identity["id"]) {
					t.Errorf("the resource has ID %s, its identity %s", id, w.text(identity["id"]))
				}
				if state["workers"].IsNull() || state["nodes"].IsNull() {
					t.Error("the resource is not whole")
				}
				got = append(got, result.DisplayName+" "+w.text(identity["id"]))
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if n := cloud.TotalCalls(); n > 2 { // a login, a list
				t.Errorf("%d calls: %v", n, cloud.Calls())
			}
		})
	}
}

// A command line below 1.12 brings no identity along, a newer one does.
func TestIdentityIsSetInEveryRead(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	makeCluster(t, cloud, astroID, "astro", 1)
	w := newWire(t, cloud)
	typ := w.identityType()
	identity := &tfprotov6.ResourceIdentityData{IdentityData: w.value(typ, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, astroID)})}
	for name, req := range map[string]*tfprotov6.ImportResourceStateRequest{
		"by name":     {TypeName: "vmcluster_cluster", ID: "astro"},
		"by ID":       {TypeName: "vmcluster_cluster", ID: astroID},
		"by identity": {TypeName: "vmcluster_cluster", Identity: identity},
	} {
		imported, err := w.server.ImportResourceState(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		w.clean(imported.Diagnostics)
		r := imported.ImportedResources[0]
		for _, current := range []*tfprotov6.ResourceIdentityData{nil, r.Identity} {
			read, err := w.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
				TypeName: "vmcluster_cluster", CurrentState: r.State, CurrentIdentity: current, Private: r.Private,
			})
			if err != nil {
				t.Fatal(err)
			}
			w.clean(read.Diagnostics)
			if got := w.text(w.read(read.NewIdentity.IdentityData, typ)["id"]); got != astroID {
				t.Errorf("%s: identity %s", name, got)
			}
			w.expectFull(read.NewState)
		}
	}
}

// expectFull requires every attribute that the cloud can show in an imported state.
func (w *wire) expectFull(state *tfprotov6.DynamicValue) {
	w.t.Helper()
	// What only the configuration has, and what only a group with several networks has.
	untold := []string{"timeouts", "replacement", "ssh_ca_private_key_wo", "ssh_ca_private_key_wo_version", "ssh_ca_former_private_key_wo", "networks", "cluster_network"}
	for name, value := range w.read(state, w.resourceType()) {
		if value.IsNull() && !slices.Contains(untold, name) {
			w.t.Errorf("%s is null after an import", name)
		}
	}
}
