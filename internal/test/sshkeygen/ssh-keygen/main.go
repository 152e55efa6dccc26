// Command ssh-keygen stands in for OpenSSH's program in tests on machines that
// do not have it.
package main

import (
	"fmt"
	"os"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/sshkeygen"
)

func main() {
	if err := sshkeygen.Run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(255) // OpenSSH's status
	}
}
