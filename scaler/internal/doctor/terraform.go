package doctor

import (
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"golang.org/x/sys/unix"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/terraform"
)

// terraform looks at the configuration that runs of Terraform apply.
func (d Doctor) terraform() []Finding {
	c := d.Config.Terraform
	var all []Finding
	path, err := terraform.FindProgram(c.Program)
	if err != nil {
		all = append(all, failed("terraform", "install Terraform or OpenTofu, or name it with program in the actuator block", "%v", err))
	} else {
		all = append(all, ok("terraform", "%s", path))
	}
	info, err := os.Stat(c.Directory)
	switch {
	case err != nil:
		return append(all, failed("terraform", "correct directory in the actuator block", "directory: %v", err))
	case !info.IsDir():
		return append(all, failed("terraform", "correct directory in the actuator block", "directory: %s is no directory", c.Directory))
	}
	if err := unix.Access(c.Directory, unix.W_OK); err != nil {
		all = append(all, failed("terraform", "let the account of the scaler write there", "the variables file can't be written: %s: %v", c.Directory, err))
	}
	if _, err := (terraform.File{Path: filepath.Join(c.Directory, c.VariablesFile), Variable: c.Variable}).Read(); err != nil {
		all = append(all, failed("terraform", "keep the file to the scaler, or name another one with variables_file", "%v", err))
	}
	all = append(all, d.variable())
	if data := os.Getenv("TF_DATA_DIR"); data == "" {
		if _, err := os.Stat(filepath.Join(c.Directory, ".terraform")); err != nil {
			all = append(all, warning("terraform", "run terraform init there, unless dev_overrides make it needless", "directory %s is not initialised", c.Directory))
		}
	}
	return all
}

// variable looks for the declaration of the variable that the actuator sets.
func (d Doctor) variable() Finding {
	c := d.Config.Terraform
	files, err := filepath.Glob(filepath.Join(c.Directory, "*.tf"))
	if err != nil || len(files) == 0 {
		return failed("terraform", "correct directory in the actuator block", "directory %s holds no configuration (*.tf)", c.Directory)
	}
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}}}
	for _, name := range files {
		file, diags := hclparse.NewParser().ParseHCLFile(name)
		if diags.HasErrors() {
			return failed("terraform", "correct the configuration", "%v", diags)
		}
		content, _, _ := file.Body.PartialContent(schema)
		for _, b := range content.Blocks {
			if b.Labels[0] == c.Variable {
				return ok("terraform", "the configuration in %s declares the variable %s", c.Directory, c.Variable)
			}
		}
	}
	return failed("terraform", "declare it, and take count and retire from it, as docs/scaler.md shows under \"Through Terraform\"", "the configuration in %s declares no variable %q", c.Directory, c.Variable)
}
