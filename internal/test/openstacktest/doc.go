// Package openstacktest is an embedded OpenStack: Keystone v3, Nova 2.1 to
// 2.93, Neutron v2.0 and Glance v2 in memory, behind one listener on
// 127.0.0.1. It serves unit tests, acceptance tests, benchmarks and the demo.
//
// Its answers were recorded from a real Nova (release Zed), and package contract
// checks them, because its cases run against either. Beyond the APIs it offers what
// tests need and a real cloud lacks: build and delete delays, faults on demand, counts
// of calls, quotas, the guest's side of the metadata service, and a list of what
// exists.
//
//	request → count → OnCall → fault? → token → handler → answer
//
// Handlers hold the cloud's lock and write into a buffer; nothing that can
// block happens under the lock. Time passes by comparing stamps at each
// request: there are no background goroutines besides the HTTP server.
package openstacktest
