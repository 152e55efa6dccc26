resource "vmcluster_cluster" "this" {
  name            = var.name
  image           = var.image
  network         = var.network
  key_pair        = var.key_pair
  security_groups = var.security_groups
  login_user      = var.login_user

  front_end = {
    flavor           = coalesce(var.front_end_flavor, var.flavor)
    external_network = var.external_network
    files = {
      "/etc/motd" = "Front-end of ${var.name}: submit with condor_submit, look with condor_q.\n"
    }
  }

  workers = {
    cpu = {
      flavor  = var.flavor
      count   = var.scaling == null ? var.workers : null
      retire  = var.retire
      scaling = var.scaling
    }
  }

  batch_system = {
    type = "htcondor"
  }
}
