// Package e2e boots clusters with HTCondor on a real OpenStack and takes them through
// their lives: apply, jobs, growth, shrink, replaced workers and front-end, the scaler,
// destroy (TestStory); growth without a metadata service (TestLastWorker); and a
// cluster whose workers are all made by the scaler (TestScalerStory); and a cluster with
// an attacker on a worker (TestHostile). Each test is one
// long story with chapters, because booting servers takes most of the time. "make e2e"
// runs them; the build tag e2e keeps them out of every other run.
package e2e
