package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
)

const folder = "../../../images"

func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// words returns the words of a shell variable of provision.sh.
func words(t *testing.T, variable string) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + variable + `="([^"]*)"$`).FindStringSubmatch(text(t, "provision.sh"))
	if found == nil {
		t.Fatalf("provision.sh sets no %s", variable)
	}
	return strings.Fields(found[1])
}

// What batch_system.install would install on a node is in the image, and does not run
// there before it is configured.
func TestImageHasWhatNodesInstall(t *testing.T) {
	packages, held := words(t, "BATCH"), words(t, "HELD")
	if len(packages) == 0 || len(held) == 0 {
		t.Fatal("provision.sh installs no batch system")
	}
	for _, system := range node.BatchSystems() {
		for _, p := range append(node.Packages(system, true), node.Packages(system, false)...) {
			if !slices.Contains(packages, p) {
				t.Errorf("provision.sh does not install %s, which %s needs", p, system)
			}
		}
		for _, unit := range node.Units(system) {
			if !slices.Contains(held, unit) {
				t.Errorf("provision.sh does not hold %s, a daemon of %s", unit, system)
			}
		}
	}
	for _, p := range []string{"nfs-common", "nfs-kernel-server", "chrony", "nftables", "logrotate"} {
		if !slices.Contains(words(t, "SYSTEM"), p) {
			t.Errorf("provision.sh does not install %s", p)
		}
	}
}

// Both ways run provision.sh, and no package is named beside it that nodes would need.
func TestThereIsOneDefinition(t *testing.T) {
	build := text(t, "build")
	if !strings.Contains(build, "$here/provision.sh") {
		t.Error("build does not run provision.sh")
	}
	template := text(t, "node.pkr.hcl")
	for _, p := range slices.Concat(words(t, "BATCH"), words(t, "MPI")) {
		word := regexp.MustCompile(`(^|[\s,(])` + regexp.QuoteMeta(p) + `([\s,)]|$)`)
		for name, other := range map[string]string{"build": build, "node.pkr.hcl": template} {
			if word.MatchString(other) && p != "make" {
				t.Errorf("%s names %s, whose place is provision.sh", name, p)
			}
		}
	}
}

func TestScriptsAreSound(t *testing.T) {
	for name, shell := range map[string]string{"build": "bash", "provision.sh": "sh"} {
		path := filepath.Join(folder, name)
		if out, err := exec.CommandContext(t.Context(), shell, "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&0o111 != 0o111 {
			t.Errorf("%s can't be run: %v, %v", name, info.Mode(), err)
		}
	}
}

// A wrong command line is refused before anything is made.
func TestBuildRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "image.qcow2")
	for args, says := range map[string]string{
		"":                             "where shall the image go",
		"--turbo " + out:               "there is no option --turbo",
		out + " --base":                "--base needs a value",
		"--base /no/such.qcow2 " + out: "there is no readable file /no/such.qcow2",
		"--size 2 " + out:              "a whole number of GB from 3 on, not 2",
		"--size 4G " + out:             "not 4G",
		"--mirror ftp://x " + out:      "an http or https address",
		out + " " + out:                "one image at a time",
	} {
		cmd := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join(folder, "build")}, strings.Fields(args)...)...)
		words, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(words), says) {
			t.Errorf("build %s: %v, %q, want %q", args, err, words, says)
		}
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a refused build left an image: %v", err)
	}
}

// blocks returns a body's blocks of a type.
func blocks(body *hclsyntax.Body, kind string) []*hclsyntax.Block {
	return slices.DeleteFunc(slices.Clone(body.Blocks), func(b *hclsyntax.Block) bool { return b.Type != kind })
}

func template(t *testing.T) *hclsyntax.Body {
	t.Helper()
	file, diags := hclparse.NewParser().ParseHCLFile(filepath.Join(folder, "node.pkr.hcl"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file.Body.(*hclsyntax.Body)
}

// constant returns an attribute's value, which nothing else may decide.
func constant(t *testing.T, body *hclsyntax.Body, name string) cty.Value {
	t.Helper()
	attr, ok := body.Attributes[name]
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	value, diags := attr.Expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return value
}

func TestTemplatePinsItsPlugin(t *testing.T) {
	packer := blocks(template(t), "packer")
	if len(packer) != 1 {
		t.Fatalf("%d packer blocks", len(packer))
	}
	plugins := blocks(packer[0].Body, "required_plugins")
	if len(plugins) != 1 {
		t.Fatal("no plugins are required")
	}
	openstack := constant(t, plugins[0].Body, "openstack").AsValueMap()
	if !regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`).MatchString(openstack["version"].AsString()) {
		t.Errorf("the plugin is at %s, not at one version", openstack["version"].AsString())
	}
	if openstack["source"].AsString() != "github.com/hashicorp/openstack" {
		t.Errorf("the plugin is %s", openstack["source"].AsString())
	}
}

func TestTemplateHangsTogether(t *testing.T) {
	body := template(t)
	variables := map[string]bool{}
	for _, v := range blocks(body, "variable") {
		variables[v.Labels[0]] = false
		if d := constant(t, v.Body, "description").AsString(); !strings.HasSuffix(d, ".") {
			t.Errorf("variable %s is not described: %q", v.Labels[0], d)
		}
	}
	for _, traversal := range references(body) {
		if traversal.RootName() != "var" {
			continue
		}
		name := traversal[1].(hcl.TraverseAttr).Name
		if _, declared := variables[name]; !declared {
			t.Errorf("var.%s is not declared", name)
		}
		variables[name] = true
	}
	for name, used := range variables {
		if !used {
			t.Errorf("variable %s is not used", name)
		}
	}
	sources := blocks(body, "source")
	if len(sources) != 1 || sources[0].Labels[0] != "openstack" {
		t.Fatalf("sources: %v", sources)
	}
	builds := blocks(body, "build")
	if len(builds) != 1 {
		t.Fatalf("%d builds", len(builds))
	}
	if got := constant(t, builds[0].Body, "sources").AsValueSlice(); len(got) != 1 || got[0].AsString() != "source.openstack."+sources[0].Labels[1] {
		t.Errorf("the build is of %v", got)
	}
	var scripts []string
	for _, p := range blocks(builds[0].Body, "provisioner") {
		if attr, ok := p.Body.Attributes["script"]; ok {
			value, diags := attr.Expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{
				"path": cty.ObjectVal(map[string]cty.Value{"root": cty.StringVal(folder)})}})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			scripts = append(scripts, value.AsString())
		}
	}
	if !slices.Equal(scripts, []string{folder + "/provision.sh"}) {
		t.Errorf("the server runs %q", scripts)
	}
}

// references returns what all expressions of a body refer to.
func references(body *hclsyntax.Body) []hcl.Traversal {
	var found []hcl.Traversal
	for _, a := range body.Attributes {
		found = append(found, a.Expr.Variables()...)
	}
	for _, b := range body.Blocks {
		found = append(found, references(b.Body)...)
	}
	return found
}
