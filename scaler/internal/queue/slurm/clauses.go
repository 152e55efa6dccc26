package slurm

import "strings"

// The kinds of clauses of a queue.Requirement. A clause is its kind, a colon and a space,
// and a value.
const (
	clauseFeatures   = "features"   // an expression of --constraint, see package constraint
	clauseNodes      = "nodes"      // a list of --nodelist, see package hostlist; the clause is personal
	clauseNotNodes   = "not nodes"  // a list of --exclude; the clause is personal
	clausePartitions = "partitions" // see partitionsClause
	clauseWorkers    = "workers"    // on how many workers each of the jobs runs: for the other clauses
)

// Marks in a clause of partitions.
const (
	setsOf      = "="
	betweenSets = "+"
	allNodes    = "ALL" // the set of all nodes, as Slurm prints it
)

// partitionsClause returns the clause that a worker must be in one of the partitions:
// `partitions: astro,long=ALL,both=astro+big`. The sets of nodes of a partition, as far as
// they are known, say which groups' workers are in it: also workers that do not exist
// yet. The workers of a group are the set of the group's name.
func partitionsClause(names []string, sets func(partition string) []string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = name
		if of := sets(name); len(of) > 0 {
			parts[i] += setsOf + strings.Join(of, betweenSets)
		}
	}
	return clausePartitions + ": " + strings.Join(parts, ",")
}
