package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// call calls a function of the provider; the error is the function's own.
func (w *wire) call(name string, argument tftypes.Value, as, result tftypes.Type) (tftypes.Value, error) {
	w.t.Helper()
	value, err := tfprotov6.NewDynamicValue(as, argument)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := w.server.CallFunction(w.t.Context(), &tfprotov6.CallFunctionRequest{Name: name, Arguments: []*tfprotov6.DynamicValue{&value}})
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.Error != nil {
		return tftypes.Value{}, fmt.Errorf("%s", resp.Error.Text)
	}
	out, err := resp.Result.Unmarshal(result)
	if err != nil {
		w.t.Fatal(err)
	}
	return out, nil
}

// The function writes what the resource's own attribute says.
func TestHostsFunctionAgreesWithTheResource(t *testing.T) {
	cloud := startCloud(t)
	makeCluster(t, cloud, astroID, "astro", 2)
	w := newWire(t, cloud)
	source := w.schema.DataSourceSchemas["vmcluster_cluster"].ValueType()
	read, err := w.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "vmcluster_cluster",
		Config: w.value(source, map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "astro")})})
	if err != nil {
		t.Fatal(err)
	}
	w.clean(read.Diagnostics)
	observed := w.read(read.State, source)
	var states map[string]tftypes.Value
	if err := observed["nodes"].As(&states); err != nil || len(states) != 3 {
		t.Fatalf("%d nodes, %v", len(states), err)
	}
	entry := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"address": tftypes.String}}
	typ := tftypes.Map{ElementType: entry}
	nodes := map[string]tftypes.Value{
		"astro-cpu-9": tftypes.NewValue(entry, map[string]tftypes.Value{"address": tftypes.NewValue(tftypes.String, nil)}),
		"astro-cpu-8": tftypes.NewValue(entry, nil),
	}
	for name, s := range states {
		var attributes map[string]tftypes.Value
		if err := s.As(&attributes); err != nil {
			t.Fatal(err)
		}
		nodes[name] = tftypes.NewValue(entry, map[string]tftypes.Value{"address": attributes["address"]})
	}
	got, err := w.call("hosts_file", tftypes.NewValue(typ, nodes), typ, tftypes.String)
	if err != nil {
		t.Fatal(err)
	}
	want := w.text(observed["hosts_file"])
	if text := w.text(got); text != want || strings.Count(text, "\n") != 3 {
		t.Errorf("got %q, the cluster's hosts_file is %q", text, want)
	}
}

// object makes a value of texts, numbers, truth values and maps of them, typed by what they are.
func object(members map[string]any) tftypes.Value {
	kinds, values := map[string]tftypes.Type{}, map[string]tftypes.Value{}
	for name, member := range members {
		switch member := member.(type) {
		case map[string]any:
			values[name] = object(member)
		case int:
			values[name] = tftypes.NewValue(tftypes.Number, member)
		case float64:
			values[name] = tftypes.NewValue(tftypes.Number, member)
		case bool:
			values[name] = tftypes.NewValue(tftypes.Bool, member)
		case nil:
			values[name] = tftypes.NewValue(tftypes.String, nil)
		default:
			values[name] = tftypes.NewValue(tftypes.String, member)
		}
		kinds[name] = values[name].Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, values)
}

var userDataResult = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
	"content": tftypes.String, "size": tftypes.Number, "limit": tftypes.Number,
}}

func (w *wire) userData(members map[string]any) (content string, size int64, err error) {
	w.t.Helper()
	out, err := w.call("user_data", object(members), tftypes.DynamicPseudoType, userDataResult)
	if err != nil {
		return "", 0, err
	}
	var parts map[string]tftypes.Value
	if err := out.As(&parts); err != nil {
		w.t.Fatal(err)
	}
	var number types.Number
	value, err := number.Type(w.t.Context()).ValueFromTerraform(w.t.Context(), parts["size"])
	if err != nil {
		w.t.Fatal(err)
	}
	size, _ = value.(types.Number).ValueBigFloat().Int64()
	return w.text(parts["content"]), size, nil
}

func TestUserDataFunction(t *testing.T) {
	w := newWire(t, nil)
	worker := map[string]any{
		"name": "astro", "group": "cpu", "batch_system": "htcondor", "login_uid": 20001,
		"cloud_config": "#cloud-config\npackages: [htop]\n", "files": map[string]any{"/etc/motd": "grüße\n"},
	}
	frontEnd := map[string]any{"name": "astro", "login_user": "ada", "cloud_config": nil, "workers": map[string]any{"cpu": 40}}
	configured := map[string]any{
		"name": "astro", "workers": map[string]any{"cpu": 4},
		"batch_system": map[string]any{"type": "htcondor", "config": strings.Repeat("JOB_DEFAULT_LEASE = 600\n", 40)},
	}
	installing := map[string]any{"name": "astro", "workers": map[string]any{"cpu": 4}, "batch_system": map[string]any{"type": "htcondor", "install": true}}
	for name, members := range map[string]map[string]any{"worker": worker, "front-end": frontEnd, "configured": configured, "installing": installing} {
		content, size, err := w.userData(members)
		if err != nil {
			t.Fatal(err)
		}
		again, sizeAgain, _ := w.userData(members)
		if content != again || size != sizeAgain {
			t.Errorf("%s: two calls give two results", name)
		}
		for _, secret := range []string{"PRIVATE KEY", "ssh-ed25519 AAAA", "cert-v01@openssh.com"} {
			if strings.Contains(content, secret) {
				t.Errorf("%s: the content holds %q", name, secret)
			}
		}
		if real := realSize(t, members); size < real-32 || size > real+256 {
			t.Errorf("%s: size %d, an apply would send %d", name, size, real)
		}
	}
	if content, _, _ := w.userData(worker); !strings.Contains(content, "packages: [htop]") || !strings.Contains(content, "(first host key") {
		t.Errorf("the worker's content lacks the user's part or a remark:\n%s", content)
	}
}

func TestUserDataFunctionInstalls(t *testing.T) {
	w := newWire(t, nil)
	for install, want := range map[any]bool{true: true, false: false, nil: false} {
		content, _, err := w.userData(map[string]any{"name": "astro", "group": "cpu", "batch_system": map[string]any{"type": "htcondor", "install": install}})
		if err != nil || strings.Contains(content, "package_update: true\npackages:\n- condor\n") != want {
			t.Errorf("install = %v: error %v, content\n%s", install, err, content)
		}
	}
}

// realSize is how large the same user data gets with real keys.
func realSize(t *testing.T, members map[string]any) int64 {
	t.Helper()
	values := map[string]any{}
	for k, v := range members {
		if v != nil {
			values[k] = v
		}
	}
	argument, err := types.DynamicType.ValueFromTerraform(t.Context(), object(values))
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPreview(argument.(types.Dynamic).UnderlyingValue())
	if err != nil {
		t.Fatal(err)
	}
	ca := newCA(t)
	p.spec.OperatorKey = newCA(t).Public()
	doc := roster.Trial(p.spec, ca.Public())
	if p.group == "" {
		key, err := ca.Coordinator(doc.Name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		data, err := cloudinit.FrontEnd(cloudinit.FrontEndInput{Common: cloudinit.NewCommon(doc, p.node), Name: doc.FrontEnd.Name,
			Document: doc, CoordinatorKey: key.Private, Certificate: key.Certificate})
		if err != nil {
			t.Fatal(err)
		}
		return int64(len(data))
	}
	name := cluster.WorkerName(doc.Name, p.group, 1)
	key, err := ca.HostKey(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	data, err := cloudinit.Worker(cloudinit.WorkerInput{Common: cloudinit.NewCommon(doc, p.node), Name: name, Group: p.group,
		FrontEndName: doc.FrontEnd.Name, CoordinatorKey: newCA(t).Public(),
		HostKey: cloudinit.HostKey{Private: key.Private, Public: key.Public, Certificate: key.Certificate}})
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(data))
}

func newCA(t *testing.T) *trust.CA {
	t.Helper()
	ca, err := trust.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestUserDataFunctionRefuses(t *testing.T) {
	w := newWire(t, nil)
	for _, row := range []struct {
		name    string
		members map[string]any
		says    string
	}{
		{"no name", map[string]any{"group": "cpu"}, "DNS label"},
		{"a name that is none", map[string]any{"name": "Astro"}, "DNS label"},
		{"an unknown attribute", map[string]any{"name": "astro", "flavour": "big"}, `"flavour" is not an attribute`},
		{"a number for a text", map[string]any{"name": 7}, "Name: a text"},
		{"half a worker", map[string]any{"name": "astro", "workers": map[string]any{"cpu": -1}}, "out of range"},
		{"another batch system", map[string]any{"name": "astro", "batch_system": "pbs"}, `"pbs" is none of`},
		{"no text for a batch system", map[string]any{"name": "astro", "batch_system": 7}, "Batch_system: a text is needed"},
		{"a batch system without a type", map[string]any{"name": "astro", "batch_system": map[string]any{"config": "A = b"}}, "there is no batch system"},
		{"a setting of vmcluster's own", map[string]any{"name": "astro", "batch_system": map[string]any{"type": "htcondor", "config": "CONDOR_HOST = x"}}, "Line 1 sets CONDOR_HOST"},
		{"a line that can't be printed", map[string]any{"name": "astro", "batch_system": map[string]any{"type": "htcondor", "config": "A = \x1b"}}, "U+001B"},
		{"a text for true or false", map[string]any{"name": "astro", "batch_system": map[string]any{"type": "htcondor", "install": "true"}}, "Batch_system: install: true or false"},
		{"a system account", map[string]any{"name": "astro", "login_user": "root"}, `Login_user = "root": a system account`},
		{"an image's own account", map[string]any{"name": "astro", "login_user": "debian"}, `Login_user = "debian": a system account`},
		{"a default login user that is an account", map[string]any{"name": "ubuntu"}, `Login_user = "ubuntu": a system account`},
		{"no user name", map[string]any{"name": "astro", "login_user": "ada\nroot"}, "not a user name"},
		{"a system's uid", map[string]any{"name": "astro", "login_uid": 0}, "Login_uid = 0: must be between 1000 and 60000"},
		{"a fraction", map[string]any{"name": "astro", "login_uid": 1000.5}, "whole number"},
		{"a number beyond all bounds", map[string]any{"name": "astro", "workers": map[string]any{"cpu": 1e300}}, "out of range"},
		{"more workers than a group has", map[string]any{"name": "astro", "workers": map[string]any{"cpu": 10001}}, "at most 10000 workers"},
		{"a file without content", map[string]any{"name": "astro", "files": map[string]any{"/etc/motd": nil}}, "a text is needed"},
		{"a file of the provider's", map[string]any{"name": "astro", "files": map[string]any{"/etc/hosts": "x"}}, "provider's own"},
		{"a file of root's", map[string]any{"name": "astro", "files": map[string]any{"/root/.ssh/authorized_keys": "x"}}, "gets in as root"},
		{"a path that is not clean", map[string]any{"name": "astro", "files": map[string]any{"/etc/../etc/motd": "x"}}, "shortest way"},
		{"a cloud-config that turns it off", map[string]any{"name": "astro", "cloud_config": "#cloud-config\npower_state: {mode: poweroff}"}, "power_state"},
		{"no cloud-config", map[string]any{"name": "astro", "cloud_config": "packages: [htop]"}, "#cloud-config"},
		{"too much", map[string]any{"name": "astro", "cloud_config": "#cloud-config\na: b\n#" + standIns("noise", strings.Repeat("x", 60000))}, "49149"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &wire{t: t, server: w.server}
			if _, _, err := w.userData(row.members); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want one that says %q", err, row.says)
			}
		})
	}
	if _, err := w.call("user_data", tftypes.NewValue(tftypes.String, "astro"), tftypes.DynamicPseudoType, userDataResult); err == nil {
		t.Error("a text is taken for a node")
	}
}

// What would be two lines of /etc/hosts, or none, is refused.
func TestHostsFunctionRefuses(t *testing.T) {
	w := newWire(t, nil)
	entry := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"address": tftypes.String}}
	typ := tftypes.Map{ElementType: entry}
	for _, row := range []struct{ name, address, says string }{
		{"astro-cpu-1", "10.0.0.1", ""},
		{"web.example.org", "2001:db8::1", ""},
		{"old_box", "10.0.0.1", ""},
		{"astro-cpu-1", "10.0.0.1\n10.6.6.6\tgithub.com", "not an IP address"},
		{"astro-cpu-1", "10.0.0.1 evil", "not an IP address"},
		{"astro-cpu-1", "10.0.0.300", "not an IP address"},
		{"astro-cpu-1", "fe80::1%eth0", "network interface"},
		{"astro-cpu-1", "0.0.0.0", "no address that a node can have"},
		{"astro\n10.6.6.6\tgithub.com", "10.0.0.1", "not a host name"},
		{"astro cpu", "10.0.0.1", "not a host name"},
		{"astro#", "10.0.0.1", "not a host name"},
		{"", "10.0.0.1", "not a host name"},
		{"-astro", "10.0.0.1", "not a host name"},
		{"\u0430stro", "10.0.0.1", "U+0430"},
		{strings.Repeat("a", 64), "10.0.0.1", "at most 63"},
		{strings.Repeat("a.", 130) + "a", "10.0.0.1", "253"},
	} {
		nodes := map[string]tftypes.Value{row.name: tftypes.NewValue(entry, map[string]tftypes.Value{"address": tftypes.NewValue(tftypes.String, row.address)})}
		got, err := w.call("hosts_file", tftypes.NewValue(typ, nodes), typ, tftypes.String)
		if row.says == "" && (err != nil || w.text(got) != row.address+"\t"+row.name+"\n") || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%q at %q: %v, want %q", row.name, row.address, err, row.says)
		}
	}
}
