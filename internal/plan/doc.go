// Package plan decides by name which nodes stay, come and go: Compute compares a
// Spec with what exists. All of it is functions of values, which the provider
// calls when Terraform plans and internal/provision calls when it applies.
package plan
