package queue

// Chooser is a Reader that knows which batch systems it can read. The others of this
// package read the one batch system that they are made for, whatever the cluster runs.
type Chooser interface {
	Reader
	// For returns the reader of clusters that run a batch system, by its name in the
	// cluster document; always the same one. The error says what to write into the
	// configuration.
	For(system string) (Reader, error)
}

// For returns the reader of a cluster that runs a batch system: what r chooses if it is a
// Chooser, and r otherwise.
func For(r Reader, system string) (Reader, error) {
	if c, is := r.(Chooser); is {
		return c.For(system)
	}
	return r, nil
}
