// Package terraform is the actuator for clusters whose numbers of workers Terraform
// owns. It writes the wish into a variables file of the configuration, plans, checks
// that the plan does only that, and applies it.
//
//	decision → wish → variables file → plan → check → apply
//
// The wish stays in the file, so that the next apply by a person agrees with it.
package terraform
