package batch

// Rebuilt reports whether the server of a batch's worker is not its first one: the one
// before ended in ERROR.
func Rebuilt(b *Batch, name string) bool {
	m := b.members[name]
	return m != nil && !m.called && m.tries > 1
}
