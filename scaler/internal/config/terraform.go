package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

// Terraform holds how Terraform runs add and remove workers.
type Terraform struct {
	Directory     string // of the configuration
	Resource      string // the cluster's address in it
	VariablesFile string // a file name in the directory
	Variable      string
	Program       string // "": terraform, or else tofu
	LockTimeout   time.Duration
	Timeout       time.Duration // of a run
	Environment   []string      // names of further variables that a run gets
}

var (
	resourceAddress = regexp.MustCompile(`^(module\.[A-Za-z_][\w-]*(\[[^\]]+\])?\.)*vmcluster_cluster\.[A-Za-z_][\w-]*(\[[^\]]+\])?$`)
	variableName    = regexp.MustCompile(`^[A-Za-z_][\w-]*$`)
)

func (t *Terraform) options() []option.Option {
	directory := option.Text("directory", "", &t.Directory, nil)
	directory.Required = true
	resource := option.Text("resource", "", &t.Resource, func(s string) error {
		if !resourceAddress.MatchString(s) {
			return fmt.Errorf("%q is not the address of a vmcluster_cluster, such as vmcluster_cluster.astro", s)
		}
		return nil
	})
	resource.Required = true
	file := option.Text("variables_file", "scaler.auto.tfvars.json", &t.VariablesFile, func(s string) error {
		// Terraform reads only such files by itself, and the apply of a person has to read it.
		if s != filepath.Base(s) || !strings.HasSuffix(s, ".auto.tfvars.json") {
			return fmt.Errorf("%q is not a file name that ends with .auto.tfvars.json", s)
		}
		return nil
	})
	file.Allowed = "`*.auto.tfvars.json`"
	variable := option.Text("variable", "vmcluster_workers", &t.Variable, func(s string) error {
		if !variableName.MatchString(s) {
			return fmt.Errorf("%q is not the name of a variable", s)
		}
		return nil
	})
	return []option.Option{
		directory, resource, file, variable,
		option.Text("program", "", &t.Program, option.OneWord),
		option.Duration("lock_timeout", "2m", 0, time.Hour, &t.LockTimeout),
		option.Duration("run_timeout", "1h", time.Minute, 24*time.Hour, &t.Timeout),
		environment(&t.Environment),
	}
}
