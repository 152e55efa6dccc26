// Package batch makes new workers: it creates a batch of servers, waits for them,
// builds a failed one once more, spreads them over availability zones and server
// groups, and writes those that have an address into a roster.
//
// No POST is ever repeated blindly. Every server carries its batch's ID, and after
// a lost answer the list shows whether the server was made. The batch's CA signs
// the first host key of its workers and lives only as long as the Batch.
package batch
