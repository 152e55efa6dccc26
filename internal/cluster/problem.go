package cluster

// Problem is a node that is not as wanted although the cluster works.
type Problem struct {
	Node    string
	Kind    FaultKind
	Summary string   // one line: what is wrong
	Detail  string   // the API's or the node's words
	Console string   // last lines of its console; may be empty
	Heals   bool     // the next plan shows it, and an apply mends it
	Zones   []string // availability zones in which the node was tried, where there was a choice
}
