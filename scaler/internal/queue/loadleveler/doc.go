// Package loadleveler is the adapter of IBM's LoadLeveler. It reads a cluster by
// LoadLeveler's own tools, llq, llclass and llstatus, and changes nothing.
//
// It was written from IBM's manuals and from outputs that others recorded. It was not run
// against a LoadLeveler: IBM has ended the product. The manuals are "Using and
// Administering" (SA22-7881) and the pages of the commands; recorded outputs of versions 3
// and 5 are in nwpc-monitor-app (cemc-oper), in the comments of DIET's
// Loadleveler_BatchSystem.cc, of radical.saga's loadljob.py, of cylc's loadleveler.py and of
// Kepler's JobSupportLoadLeveler; the information provider LL.pm of NorduGrid ARC reads
// llstatus, llclass and llq.
//
// It has three parts: the text that the tools print, the steps and machines of a cluster,
// and the judge of what steps demand of a machine, whose language is package requirements.
//
//   - A job is a number of steps; each step waits, runs and counts for itself.
//   - Option -r of llq prints the states of all steps, one line each, and nothing at its
//     end. The reader compares their number with the totals line of llq without options.
//   - Only option -l of llq says what a step asks for. Users write some of the text that it
//     prints, and a user's environment can have line breaks: a step that is listed twice, or
//     in part, is asked for again, apart from others.
//   - An empty queue is a sentence, never silence.
//   - The tools print times in their own time zone, without its name: they get TZ.
//   - The tools print most of their errors where their output goes.
package loadleveler
