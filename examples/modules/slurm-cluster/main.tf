resource "vmcluster_cluster" "this" {
  name            = var.name
  image           = var.image
  network         = var.network
  security_groups = var.security_groups
  key_pair        = var.key_pair
  login_user      = var.login_user
  drain_timeout   = var.drain_timeout

  front_end = {
    flavor           = var.front_end.flavor
    external_network = var.front_end.external_network
    cloud_config     = var.front_end.cloud_config
    files = merge({
      "/etc/motd" = <<-EOT
        Front-end of ${var.name}: submit with sbatch or srun, look with squeue and sinfo.
        Partitions: all_groups (the default), ${join(", ", keys(var.groups))}.
      EOT
    }, var.front_end.files)
  }

  workers = var.groups

  batch_system = {
    type         = "slurm"
    config       = var.slurm_config
    install      = var.install
    state_volume = var.state_volume
  }

  timeouts = {
    update = "3h" # longer than drain_timeout
  }
}
