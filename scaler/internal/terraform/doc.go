// Package terraform is the actuator for clusters whose numbers of workers
// Terraform owns. It writes what is wanted into a variables file of the
// configuration, plans, looks whether the plan does just that, and applies it.
//
//	decision → wish → variables file → plan → check → apply
//
// The wish stays in the file, so that the next apply, whoever makes it, agrees.
package terraform
