// Package report reads what a front-end reports about itself: from the password slot
// of the metadata service, or from a line of its console on a cloud without one.
//
// Other programs write to both places. So a report counts only with the signature of
// the front-end's own key, for its cluster and its server; and everything in it has
// bounds. On the wire a report is "<signature> <JSON>", or, as long as the document
// does not name the front-end's own key, "<signature>.<introduction> <JSON>": the
// introduction is a signature of that key by the key that the maker of the front-end
// has put into its user data. The node program writes this form (internal/node,
// report.py).
package report
