// Package e2e boots clusters with HTCondor on a real OpenStack and lives with them:
// apply, jobs, growth, shrink, replaced workers and front-end, the scaler, destroy
// (TestStory); growth where there is no metadata service (TestLastWorker); and a
// cluster that is the scaler's from its first worker on (TestScalerStory).
// They are long stories, because booting servers is what costs. "make e2e" runs
// them; the build tag e2e keeps them out of every other run.
package e2e
