// Package examples applies every configuration in examples/ with a real command line on
// an embedded OpenStack, so that a configuration that a reader copies works.
package examples
