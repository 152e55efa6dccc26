// Package slurm is the adapter of Slurm. It reads a cluster by Slurm's own tools, squeue
// and scontrol, and changes nothing.
//
// It has three parts: the text that the tools print, the jobs and nodes of a cluster, and
// the judge of what jobs demand of a node, whose languages are the packages constraint and
// hostlist.
//
// The following was observed with Slurm 22.05 and 24.11:
//
//   - The tools' JSON of 10,000 jobs takes 78 MB, 10 to 25 seconds and 1.5 GiB; their text
//     of the same jobs takes 0.2 seconds. Option -O of squeue prints all that the reader
//     needs, each field as long as it is, if its size is 0.
//   - A field of a job can hold what its user has written, and -O can put any text behind
//     a field. The reader puts a text there that no user can know: a line break or a
//     separator in a field costs that job alone.
//   - Tasks of an array that wait are one record.
//   - Placeholders (state FUTURE) are in no listing. A job that fits only those waits with
//     reason ReqNodeNotAvail.
//   - A job behind another one has reason Priority, whatever else it would wait for. The
//     reader compares limits of partitions and arrays itself.
//   - A tool waits 10 seconds for a slurmctld that hangs, and a minute for a slurm.conf that
//     is missing.
package slurm
