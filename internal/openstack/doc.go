// Package openstack is the only place that speaks to an OpenStack: it turns the
// settings people know from the OpenStack provider into a login (Config), and
// servers, ports and floating IPs into the words of package cluster (Client).
//
// Client satisfies provision.Cloud without importing it. Every error is a
// *cluster.CloudError in the API's own words, or a *ConfigError that names the
// setting to change. No call is made that the catalog already answers: New is
// one request, a list of a cluster's nodes is one request a page.
//
// Three layers lie between a method and the wire, all in the HTTP transport:
// repeat (retry.go), a limit on requests at a time, and a log line for each
// request that holds no body and no header (transport.go).
package openstack
