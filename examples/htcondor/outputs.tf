output "front_end_address" {
  description = "Where the front-end is reached."
  value       = vmcluster_cluster.this.front_end_address
}

output "nodes" {
  description = "All nodes: name, address and status in Nova. Null where the scaler owns the workers: each of its steps would be a change of this output."
  value       = var.scaling != null ? null : { for name, node in vmcluster_cluster.this.nodes : name => "${coalesce(node.address, "-")} ${node.status}" }
}

output "ssh_config" {
  description = "Client configuration for all nodes: terraform output -raw ssh_config > ssh_config; ssh -F ssh_config NODE"
  value       = vmcluster_cluster.this.ssh_config
}

output "known_hosts" {
  description = "Host keys for the file that ssh_config names: terraform output -raw known_hosts > ~/.ssh/known_hosts_NAME"
  value       = vmcluster_cluster.this.known_hosts
}
