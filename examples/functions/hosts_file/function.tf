data "vmcluster_cluster" "astro" {
  name = "astro"
}

# The nodes of a cluster, and a machine that is none of it.
output "hosts" {
  value = provider::vmcluster::hosts_file(merge(
    data.vmcluster_cluster.astro.nodes,
    { storage = { address = "10.76.0.3" } },
  ))
}
