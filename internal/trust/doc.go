// Package trust makes the keys and certificates by which nodes come to trust
// each other: the cluster CA, a coordinator's short-lived certificate, and the
// batch CA that vouches for workers' first host keys.
package trust
