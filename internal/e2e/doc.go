// Package e2e boots a cluster with HTCondor on a real OpenStack and lives with it:
// apply, jobs, growth, shrink, the scaler, destroy. It is one long story, because
// booting servers is what costs. "make e2e" runs it; the build tag e2e keeps it
// out of every other run.
package e2e
