package journal

// OpenLimited is Open with another size from which on the file is thinned.
func OpenLimited(path string, limit int64) (*File, error) {
	f := &File{limit: limit}
	return f, f.Reopen(path, false)
}
