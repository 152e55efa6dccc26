// Package constraint reads the language of Slurm's option --constraint, and holds an
// expression against the features of one worker.
//
// The language is that of the man page sbatch, --constraint. What the page leaves open
// was observed with Slurm 24.11.5:
//
//   - & and | are read strictly from left to right: a|b&c is (a|b)&c. Parentheses group
//     features, and there are none inside others. A comma is read as &, and one operator
//     at the very end is ignored.
//   - Square brackets group as well. Between | they enclose alternatives: all workers of
//     a job must have the same one.
//   - A count, as in a*2, demands so many of a job's workers. Several counts stand in
//     square brackets, joined by &. Where there is a count, features without one are
//     ignored.
//   - A job with one counted part may have further workers without the feature. A job
//     with several has only workers that meet one of the parts.
//   - Features are compared with their case.
//
// What is demanded of a job's workers together cannot be held against one of them: see
// Expression.Counted, and queue.JobGroup.OneGroup for alternatives.
package constraint
