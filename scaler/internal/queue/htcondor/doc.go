// Package htcondor is the adapter of HTCondor. It reads a pool by HTCondor's own
// tools, condor_q and condor_status, and changes nothing.
//
// It has two parts: the JSON that the tools print, and the jobs and workers of a
// pool. The language of their expressions is package classad.
//
// The following was observed with HTCondor 23.9:
//
//   - The tools print nothing and exit with status 0 for an empty list, and also
//     after several failures. The reader therefore compares an empty list of jobs
//     with the schedd's totals, which are never empty, and reads the collector's
//     own ad before the list of workers.
//   - A collector knows few workers or none just after its start.
//   - A tool may wait a minute for a daemon that hangs, so every call has a time
//     limit.
//   - Requests may be expressions: "/Expr(ifThenElse(…))/".
//   - A partitionable slot's state stays Unclaimed/Idle even when it is full: a
//     worker is idle when it has no dynamic slots.
package htcondor
