package batch

// Rebuilt reports whether the worker's server is not its first one: the one before ended
// in ERROR.
func (b *Batch) Rebuilt(name string) bool {
	m := b.members[name]
	return m != nil && m.tries > 1
}
