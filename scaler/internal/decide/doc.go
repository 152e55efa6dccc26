// Package decide decides what to do about a cluster's workers: add, drain,
// undrain, remove, each with its reason, and says why something is not done. It is
// a pure function of what was read, the policy, the memory of earlier rounds and
// the time: it does no I/O, reads no clock, changes no argument, and gives the same
// result for the same arguments.
//
// A worker leaves in steps: it is idle long enough → it is marked in the cluster
// document → the front-end closes it, if it still runs nothing, and reports so →
// two more readings of the queue find no job on it → it is removed. Jobs that
// come back before the last step call it back.
package decide
