// Package htcondor reads a pool by HTCondor's own tools, condor_q and
// condor_status, and only reads it.
//
// What makes reading a pool delicate, as seen with HTCondor 23.9:
//
//   - An empty result is no output at all with exit status 0, and so are several
//     failures. An empty list of jobs is therefore compared with the schedd's
//     totals, which are never empty, and an empty list of workers with the
//     collector's own ad.
//   - A collector that was started a moment ago knows few workers or none.
//   - A tool may wait a minute for a daemon that hangs: every call has a time
//     limit.
//   - Requests may be expressions: "/Expr(ifThenElse(…))/".
//   - A partitionable slot's state stays Unclaimed/Idle even when it is full: a
//     worker is idle when it has no dynamic slots.
package htcondor
