package provider

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// Each setting reaches the field of its own name: nothing is swapped or lost.
func TestProviderSettingsReachTheClient(t *testing.T) {
	var m providerModel
	v := reflect.ValueOf(&m).Elem()
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[types.String]() && v.Type().Field(i).Name != "RequestTimeout" {
			v.Field(i).Set(reflect.ValueOf(types.StringValue(v.Type().Field(i).Name)))
		}
	}
	m.Insecure, m.MaxConcurrency, m.MaxRetries = types.BoolValue(true), whole.Value(3), whole.Value(0)
	m.RequestTimeout = types.StringValue("90s")
	got := reflect.ValueOf(m.config("1.2"))
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		field := got.FieldByName(name)
		if field.IsValid() && field.Kind() == reflect.String && field.String() != name {
			t.Errorf("%s is %q", name, field)
		}
	}
	c := m.config("1.2")
	if c.Insecure == nil || !*c.Insecure || c.MaxConcurrency != 3 || c.UserAgent != "terraform-provider-vmcluster/1.2" {
		t.Errorf("insecure %v, max_concurrency %d, user agent %q", c.Insecure, c.MaxConcurrency, c.UserAgent)
	}
	if c.RequestTimeout != 90*time.Second || c.MaxRetries == nil || *c.MaxRetries != 0 {
		t.Errorf("request_timeout %s, max_retries %v", c.RequestTimeout, c.MaxRetries)
	}
	if c := (providerModel{}).config("1.2"); c.Insecure != nil || c.MaxConcurrency != 16 || c.RequestTimeout != 0 || c.MaxRetries != nil {
		t.Errorf("nothing set: %+v", c)
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

// Resources that ask one after another do not each wait for a login that fails.
func TestFailedLoginIsNotTriedForEachResource(t *testing.T) {
	logins := 0
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		logins++
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer cloud.Close()
	c := newConnector(providerModel{}, "test")
	c.config.Getenv = func(string) string { return "" }
	c.config.AuthURL, c.config.UserName, c.config.Password, c.config.TenantName = cloud.URL+"/v3", "alice", "x", "demo"
	for range 3 {
		if _, err := c.connect(t.Context()); !cluster.IsKind(err, cluster.FaultAuth) {
			t.Fatal(err)
		}
	}
	if logins != 1 {
		t.Errorf("%d logins for three resources, want 1", logins)
	}
	c.at = time.Now().Add(-failureKept)
	c.connect(t.Context())
	if logins != 2 {
		t.Errorf("%d logins after a while, want 2", logins)
	}
}

func TestRequestTimeoutIsATime(t *testing.T) {
	for text, refused := range map[string]bool{"30s": false, "2m": false, "24h": false, "": true, "30": true, "-1s": true, "0s": true, "999ms": true, "25h": true} {
		resp := &validator.StringResponse{}
		timeoutValidator{}.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("request_timeout"), ConfigValue: types.StringValue(text)}, resp)
		if resp.Diagnostics.HasError() != refused {
			t.Errorf("%q: %v", text, resp.Diagnostics)
		}
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
