// Package provision carries a cluster from what exists to what is wanted:
// workers first, then the front-end that knows them; joined, repaired, drained
// and deleted. It decides by pure functions (Compute), reads the cloud before it
// acts, and works through the Cloud interface. The provider and the scaler both
// make workers through it, so that a worker is the same whoever made it.
//
// Any run may be killed at any call: servers carry their tags from the create
// call on, names are deterministic, and the next run starts from one list.
package provision
