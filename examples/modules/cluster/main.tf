locals {
  groups = "all_groups (the default), ${join(", ", keys(var.groups))}"
  greetings = {
    htcondor    = ": submit with condor_submit, look with condor_q."
    slurm       = ": submit with sbatch or srun, look with squeue and sinfo.\nPartitions: ${local.groups}."
    loadleveler = ": submit with llsubmit, look with llq and llstatus.\nClasses: ${local.groups}."
  }
}

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
      "/etc/motd" = "Front-end of ${var.name}${lookup(local.greetings, var.batch_system, ".")}\n"
    }, var.front_end.files)
  }

  workers = var.groups

  batch_system = {
    type         = var.batch_system
    config       = var.batch_config
    install      = var.install
    state_volume = var.state_volume
  }

  timeouts = {
    update = "3h" # longer than drain_timeout
  }
}
