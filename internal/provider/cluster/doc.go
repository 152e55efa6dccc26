// Package cluster is the resource vmcluster_cluster with its data source and its
// list resource. It translates between Terraform's values and the domain's
// (configuration → spec, view → state), shows in the plan which nodes come, stay
// and go, and leaves the changes to internal/provision.
//
// No private key and no password is ever part of a model, a plan or a state.
package cluster
