// Package cluster holds the words that the provider and the scaler share, and the pure
// rules about them: what a cluster should be (Spec), what exists (Node), the names of
// nodes, which workers leave when a group shrinks, and the two records in the cloud
// (Document, Report).
//
// Data flows through it in two directions:
//
//	config → Spec → plan → user data → server      (the provider)
//	queue → demand → decision → actuator           (the scaler)
//
// The package imports the standard library only, does no I/O, and reads no
// clock: times are arguments.
package cluster
