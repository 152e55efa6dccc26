package loop

// trouble is something that is logged once when it begins and once when it is over.
type trouble string

const (
	unreadable       trouble = "cluster or queue can not be read"
	quotaUnread      trouble = "the quota can not be read"
	memosUnkept      trouble = "memos can not be written"
	remainsForbidden trouble = "remains can not be looked for"
	tooManySick      trouble = "nothing is done because too many workers are sick"
	reportUnread     trouble = "the front-end's report can not be read"
	reportRefused    trouble = "what stands in the place of the front-end's report is none"
	noLease          trouble = "another scaler holds the lease"
)

// warnings are the troubles that were logged and are not over, each with the wordings
// that were logged of it.
type warnings struct{ logged map[trouble]map[string]bool }

// begin notes a trouble and reports whether it is to be logged: its wording is new.
func (w *warnings) begin(t trouble, wording string) bool {
	if w.logged[t][wording] {
		return false
	}
	if w.logged == nil {
		w.logged = map[trouble]map[string]bool{}
	}
	if w.logged[t] == nil {
		w.logged[t] = map[string]bool{}
	}
	w.logged[t][wording] = true
	return true
}

// has reports whether a trouble is there.
func (w *warnings) has(t trouble) bool { return w.logged[t] != nil }

// change is begin for a trouble whose latest wording alone counts.
func (w *warnings) change(t trouble, wording string) bool {
	if w.logged[t][wording] {
		return false
	}
	delete(w.logged, t)
	return w.begin(t, wording)
}

// end notes that a trouble is over and reports whether it was there.
func (w *warnings) end(t trouble) bool {
	was := w.has(t)
	delete(w.logged, t)
	return was
}
