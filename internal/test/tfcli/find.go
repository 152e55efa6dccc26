package tfcli

import (
	"fmt"
	"os"
	"os/exec"
)

// PathVariable names the environment variable that picks the command line.
const PathVariable = "TF_ACC_TERRAFORM_PATH"

// Find returns the command line to use: the one that TF_ACC_TERRAFORM_PATH
// names, else terraform, else tofu.
func Find() (string, error) {
	if path := os.Getenv(PathVariable); path != "" {
		return path, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find terraform or tofu: neither is on the path; set %s or run make cli", PathVariable)
}
