package provider

import (
	"errors"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// Each setting reaches the field of its own name: nothing is swapped or lost.
func TestProviderSettingsReachTheClient(t *testing.T) {
	var m providerModel
	v := reflect.ValueOf(&m).Elem()
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[types.String]() {
			v.Field(i).Set(reflect.ValueOf(types.StringValue(v.Type().Field(i).Name)))
		}
	}
	m.Insecure, m.MaxConcurrency = types.BoolValue(true), whole.Value(3)
	got := reflect.ValueOf(m.config("1.2"))
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		field := got.FieldByName(name)
		if v.Field(i).Type() == reflect.TypeFor[types.String]() && field.String() != name {
			t.Errorf("%s is %q", name, field)
		}
	}
	c := m.config("1.2")
	if c.Insecure == nil || !*c.Insecure || c.MaxConcurrency != 3 || c.UserAgent != "terraform-provider-vmcluster/1.2" {
		t.Errorf("insecure %v, max_concurrency %d, user agent %q", c.Insecure, c.MaxConcurrency, c.UserAgent)
	}
	if c := (providerModel{}).config("1.2"); c.Insecure != nil || c.MaxConcurrency != 16 {
		t.Errorf("nothing set: insecure %v, max_concurrency %d", c.Insecure, c.MaxConcurrency)
	}
}

func TestConnectorReportsWhatIsMissing(t *testing.T) {
	c := newConnector(providerModel{}, "test")
	c.config.Getenv = func(string) string { return "" }
	_, err := c.connect(t.Context())
	var config *openstack.ConfigError
	if !errors.As(err, &config) {
		t.Errorf("without any setting: %v", err)
	}
}

func TestConnectorWaitsForUnknownSettings(t *testing.T) {
	c := newConnector(providerModel{Password: types.StringUnknown()}, "test")
	if _, err := c.connect(t.Context()); !errors.Is(err, clusterresource.ErrUnknownConfig) {
		t.Errorf("with an unknown password: %v", err)
	}
}

func TestSchemaIsValid(t *testing.T) {
	var resp provider.SchemaResponse
	New("test")().Schema(t.Context(), provider.SchemaRequest{}, &resp)
	if diags := resp.Schema.ValidateImplementation(t.Context()); diags.HasError() {
		t.Error(diags)
	}
}
