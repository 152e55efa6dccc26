// Package provider is the Terraform side of vmcluster: the provider's
// configuration and the resource vmcluster_cluster. It translates between
// Terraform's values and the domain's (config → spec, view → state), tells in the
// plan which nodes come, stay and go, and leaves the acting to internal/provision.
//
// No private key and no password is ever part of a model, a plan or a state.
package provider
