// Package examples applies everything in examples/ with a real command line on
// an embedded OpenStack: what a reader copies works.
package examples
