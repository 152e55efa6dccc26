resource "vmcluster_cluster" "astro" {
  name       = "astro"         # nodes are astro-frontend, astro-cpu-1, astro-gpu-1, …
  image      = "debian-13-hpc" # has cloud-init, sshd and HTCondor's packages
  network    = "research"
  key_pair   = "ops"
  login_user = "astro"

  front_end = {
    flavor           = "m1.medium"
    external_network = "public"
    files = {
      "/etc/motd" = "Submit with condor_submit, look with condor_q.\n"
    }
  }

  workers = {
    cpu = {
      flavor = "c1.xlarge"
      count  = 8
    }
    gpu = {
      flavor       = "g1.large"
      image        = "debian-13-hpc-cuda"
      count        = 2
      retire       = ["astro-gpu-1"] # leaves first when count falls
      cloud_config = <<-EOT
        #cloud-config
        bootcmd:
          - [modprobe, nvidia]
      EOT
    }
  }

  batch_system  = { type = "htcondor" }
  drain_timeout = "2h"

  timeouts = {
    create = "60m"
    update = "3h"
  }
}

output "ssh_config" {
  value = vmcluster_cluster.astro.ssh_config
}

output "known_hosts" {
  value = vmcluster_cluster.astro.known_hosts
}
