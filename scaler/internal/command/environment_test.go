package command_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
)

// A child gets the variables of its kind and no credentials of others.
func TestChildrenGetTheVariablesThatTheyNeed(t *testing.T) {
	all := []string{
		"PATH=/bin", "LC_ALL=C", "HOME=/home/x", "OS_PASSWORD=secret", "OS_CLOUD=a", "TF_VAR_x=1", "TF_CLI_CONFIG_FILE=f", "AWS_SECRET_ACCESS_KEY=s",
		"VMCLUSTER_SCALER_PASSWORD=p", "SSH_AUTH_SOCK=/s", "_TOOL_X=1", "NOTIFY_SOCKET=/n", "CREDENTIALS_DIRECTORY=/c", "PATHX=1", "LC=1", "ODD",
	}
	for name, tt := range map[string]struct{ further, want []string }{
		"every child": {nil, []string{"PATH=/bin", "LC_ALL=C", "HOME=/home/x"}},
		"a tool":      {[]string{"_TOOL_*"}, []string{"PATH=/bin", "LC_ALL=C", "HOME=/home/x", "_TOOL_X=1"}},
		"ssh":         {command.ForSSH, []string{"PATH=/bin", "LC_ALL=C", "HOME=/home/x", "SSH_AUTH_SOCK=/s"}},
		"Terraform": {command.ForTerraform, []string{
			"PATH=/bin", "LC_ALL=C", "HOME=/home/x", "OS_PASSWORD=secret", "OS_CLOUD=a", "TF_VAR_x=1", "TF_CLI_CONFIG_FILE=f", "SSH_AUTH_SOCK=/s",
		}},
		"a named one": {[]string{"AWS_SECRET_ACCESS_KEY"}, []string{"PATH=/bin", "LC_ALL=C", "HOME=/home/x", "AWS_SECRET_ACCESS_KEY=s"}},
	} {
		if got := command.Environment(all, tt.further...); !slices.Equal(got, tt.want) {
			t.Errorf("%s gets %q, want %q", name, got, tt.want)
		}
	}
}

func TestExecPassesTheseAlone(t *testing.T) {
	for _, v := range []string{"OS_PASSWORD", "VMCLUSTER_SCALER_PASSWORD", "TF_VAR_x", "OF_THE_TOOL", "OF_THE_FILE", "LC_X"} {
		t.Setenv(v, "set-"+v)
	}
	var out string
	x := command.Exec{Timeout: 10 * time.Second, Inherit: []string{"OF_THE_FILE"}}
	c := command.Command{Name: "/usr/bin/env", Env: []string{"WORD=hello"}, Inherit: []string{"OF_THE_*"}}
	if err := x.Run(t.Context(), c, text(&out)); err != nil {
		t.Fatal(err)
	}
	for v, want := range map[string]bool{
		"OS_PASSWORD=": false, "VMCLUSTER_SCALER_PASSWORD=": false, "TF_VAR_x=": false, "OF_THE_TOOL=": true, "OF_THE_FILE=": true, "LC_X=": true, "PATH=": true, "WORD=hello": true,
	} {
		if strings.Contains("\n"+out, "\n"+v) != want {
			t.Errorf("%s: passed on: %t\n%s", v, !want, out)
		}
	}
}
