// Package provider is the Terraform provider of vmcluster: its configuration, the
// way to the cloud that this names, and its functions. The resource is in the
// package cluster below it, the wording of failures in the package diagnose.
package provider
