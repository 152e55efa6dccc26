// Scale is the benchmark of make bench-scale: the built provider, under a real Terraform
// or OpenTofu, and the built scaler work clusters of hundreds of servers on an embedded
// OpenStack that takes its time like a Nova under load. The same servers are made by the
// bare API in the same run. A table has each figure beside its goal; the program fails
// where a count of calls or rounds is beyond its goal, and never because of a time.
package main
