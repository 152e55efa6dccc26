// Package decide decides what to do about a cluster's workers: add, enrol, drain,
// undrain, remove, forget, each with its reason, and says why something is not done. It is
// a pure function of what was read, the policy, the memory of earlier rounds and
// the time: it does no I/O, reads no clock, changes no argument, and gives the same
// result for the same arguments.
//
// A worker leaves in steps: it is idle long enough → it is marked in the cluster
// document → the front-end closes it, if it still runs nothing, and reports so →
// two more readings of the queue find no job on it → the deletion of its server is asked
// for → the server is gone, and the roster's entry goes. Jobs that come back before the
// deletion call it back.
//
// A worker comes in steps as well: its create call is sent → a list shows its server →
// the server has an address, and goes into the roster → the worker is in the pool. No
// round waits for the next step: a later round sees it, of this process or of another.
package decide
