package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/contract"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

func TestFromEnvironment(t *testing.T) {
	cloud := openstacktest.New(openstacktest.Options{})
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, []byte(cloud.CloudsYAML()), 0o600); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"VMCLUSTER_ACC_FLAVOR": "f", "VMCLUSTER_ACC_IMAGE": "i", "VMCLUSTER_ACC_NETWORK": "n"}
	for _, row := range []struct {
		name, cloud, file, leftOut string
		err                        string
	}{
		{"password", openstacktest.CloudName, file, "", ""},
		{"application credential", openstacktest.CloudName + "-appcred", file, "", ""},
		{"a name is missing", openstacktest.CloudName, file, "VMCLUSTER_ACC_IMAGE", "not set: VMCLUSTER_ACC_IMAGE"},
		{"no cloud", "", file, "", "not set: OS_CLOUD"},
		{"another cloud", "other", file, "", `it has no cloud "other"`},
		{"no file", openstacktest.CloudName, file + ".none", "", "read clouds.yaml"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for k, v := range names {
				t.Setenv(k, v)
			}
			t.Setenv("OS_CLOUD", row.cloud)
			t.Setenv("OS_CLIENT_CONFIG_FILE", row.file)
			if row.leftOut != "" {
				t.Setenv(row.leftOut, "")
			}
			target, err := contract.FromEnvironment()
			if row.err == "" {
				if err != nil || target.AuthURL != cloud.AuthURL() || target.Auth["identity"] == nil {
					t.Errorf("target %q, error %v", target.AuthURL, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("error %v, want %q", err, row.err)
			}
		})
	}
}
