output "front_end_address" {
  description = "Where the front-end is reached."
  value       = vmcluster_cluster.this.front_end_address
}

output "nodes" {
  description = "All nodes: name, address and status in Nova."
  value       = { for name, node in vmcluster_cluster.this.nodes : name => "${coalesce(node.address, "-")} ${node.status}" }
}

output "ssh_config" {
  description = "Client configuration for all nodes: terraform output -raw ssh_config > ssh_config; ssh -F ssh_config NODE"
  value       = vmcluster_cluster.this.ssh_config
}
