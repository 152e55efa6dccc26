package provider

import (
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
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
	m.Insecure, m.MaxConcurrency = types.BoolValue(true), types.Int64Value(3)
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

func TestConnectorTellsWhatIsMissing(t *testing.T) {
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
	if _, err := c.connect(t.Context()); !errors.Is(err, errUnknownConfig) {
		t.Errorf("with an unknown password: %v", err)
	}
}

// Two resources of one name would each take the other's servers for leftovers.
func TestConnectorGivesANameOnce(t *testing.T) {
	c := newConnector(providerModel{}, "test")
	c.foundFree("astro")
	if free, err := c.claim("astro", time.Now()); err != nil || !free {
		t.Errorf("first: free %t, %v", free, err)
	}
	if _, err := c.claim("astro", time.Now()); err == nil {
		t.Error("the name is given twice")
	}
	c.foundFree("nebula")
	if free, err := c.claim("nebula", time.Now().Add(freshness)); err != nil || free {
		t.Errorf("after a while: free %t, %v", free, err)
	}
	if free, err := c.claim("comet", time.Now()); err != nil || free {
		t.Errorf("never looked for: free %t, %v", free, err)
	}
}

// Two workspaces of one directory are two places.
func TestCreatedByTellsWorkspacesApart(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TF_WORKSPACE", "")
	t.Setenv("TF_DATA_DIR", "")
	first := createdBy("astro")
	if err := os.MkdirAll(".terraform", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(".terraform/environment", []byte("default"), 0o600); err != nil {
		t.Fatal(err)
	}
	if createdBy("astro") != first {
		t.Error("the default workspace is another place once it is written down")
	}
	if err := os.WriteFile(".terraform/environment", []byte("test"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := createdBy("astro")
	t.Setenv("TF_WORKSPACE", "live")
	if third := createdBy("astro"); second == first || third == first || third == second {
		t.Error("workspaces are not told apart")
	}
}
