// Package openstack is the only package that speaks to an OpenStack. It turns the
// settings that people know from the OpenStack provider into a login (Config), and
// servers, ports and floating IPs into the words of package cluster (Client).
//
// Client satisfies the interfaces of its consumers without importing them. Every
// error is a *cluster.CloudError in the API's own words, or a *ConfigError that names
// the setting to change. The catalog of the login answers where services are, so New
// is one request, and a list of a cluster's nodes is one request a page.
//
// Package transport lies between a call and the wire.
package openstack
