// Package acceptance applies, grows, shrinks and destroys large clusters on a real
// OpenStack through a real command line and the built provider, counts the API
// calls, and kills the provider in the middle. Nothing needs to boot: it waits
// for ACTIVE servers only. With a real HTCondor pool beside the cloud it has the
// built scaler grow and shrink a cluster, and kills the scaler as well; the tests
// simulate what would run in the servers. "make testacc" runs it; the build tag acceptance keeps it out of
// every other run.
package acceptance
