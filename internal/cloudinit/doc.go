// Package cloudinit renders nodes' user data and holds the node program that
// runs on them.
package cloudinit
