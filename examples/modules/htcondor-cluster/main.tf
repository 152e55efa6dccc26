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
    files = {
      "/etc/motd" = <<-EOT
        Front-end of ${var.name}: submit with condor_submit, look with condor_q.
      EOT
    }
  }

  workers = var.groups

  batch_system = {
    type         = "htcondor"
    config       = var.condor_config
    install      = var.install
    state_volume = var.state_volume
  }

  timeouts = {
    update = "3h" # longer than drain_timeout
  }
}
