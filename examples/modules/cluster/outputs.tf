output "id" {
  description = "ID of the cluster."
  value       = vmcluster_cluster.this.id
}

output "front_end_address" {
  description = "Where the front-end is reached."
  value       = vmcluster_cluster.this.front_end_address
}

output "workers" {
  description = "Names of the workers by group."
  value = {
    for group in keys(var.groups) : group => [
      for name, node in vmcluster_cluster.this.nodes : name if node.group == group
    ]
  }
}

output "hosts_file" {
  description = "Lines of /etc/hosts for all nodes."
  value       = vmcluster_cluster.this.hosts_file
}

output "ssh_config" {
  description = "Client configuration for all nodes."
  value       = vmcluster_cluster.this.ssh_config
}

output "known_hosts" {
  description = "Host keys for ~/.ssh/known_hosts_<name>, the file that ssh_config names."
  value       = vmcluster_cluster.this.known_hosts
}
