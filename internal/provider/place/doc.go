// Package place puts the provider's diagnostics where the CLI prints a line for them.
//
// The CLI finds the line of an attribute of the resource and of an element of it, and
// of nothing deeper: for the attribute image of the group gpu it prints the line of the
// cluster's own image (Terraform: internal/tfdiags/contextual.go). So a diagnostic about
// anything inside of workers["gpu"] stands on workers["gpu"], one inside of front_end on
// front_end, and its text begins with the whole attribute and its value:
//
//	workers["gpu"].image = "nope": no image has this name or ID
//
// All diagnostics pass here, those of the plugin framework and its validators too,
// because Server stands between the CLI and the framework.
package place
