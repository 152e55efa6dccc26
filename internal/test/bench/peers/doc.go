// Peers is the benchmark of make bench-peers: it makes and deletes the same number of
// servers on a real cloud by the built provider, by openstack_compute_instance_v2 of the
// OpenStack provider, and by the bare API, in turn and several times, and prints wall
// time, calls and memory of each. A proxy in front of the cloud counts the calls of all
// three alike. It makes real servers, and deletes them.
package main
