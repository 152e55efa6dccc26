// Package slurm is the adapter of Slurm.
package slurm

// Attributes of a worker, which a Judge reads. They stand here until the rest of the
// package is there.
const (
	nodeAttribute       = "node"       // node name
	groupAttribute      = "group"      // worker group
	featuresAttribute   = "features"   // list of names with commas between them, as Slurm prints it
	partitionsAttribute = "partitions" // list of names with commas between them
)
