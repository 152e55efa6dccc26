// Package provision carries a cluster from what exists to what is wanted: workers
// first, then the front-end that knows them; joined, repaired, drained and deleted.
// It reads the cloud before it acts, and works through the Cloud interface.
// Provider and scaler both make workers through it, so their workers are alike.
//
// It puts three parts together: plan decides which nodes stay, come and go, batch
// makes new workers, and roster keeps the document that the front-end distributes.
//
// Apply and Destroy wait until they are done. Steps are a scaler's: each sends requests or
// writes the document, and waits for no server.
//
// Any run may be killed at any call: servers carry their tags from the create call
// on, names are deterministic, and the next run starts from one list.
package provision
