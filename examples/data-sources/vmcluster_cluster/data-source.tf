# A cluster that another configuration owns.
data "vmcluster_cluster" "astro" {
  name = "astro"
}

output "workers" {
  value = { for name, group in data.vmcluster_cluster.astro.groups : name => group.count }
}

output "submit_host" {
  value = data.vmcluster_cluster.astro.front_end_address
}
