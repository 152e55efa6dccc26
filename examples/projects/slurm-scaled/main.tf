# Two groups of workers, one with GPUs, both from zero: a scaler on the front-end makes
# workers as jobs wait, and removes those that are idle.
terraform {
  required_providers {
    vmcluster = {
      source = "vmcluster/vmcluster"
    }
  }
}

provider "vmcluster" {} # clouds.yaml by OS_CLOUD, or the OS_* variables

module "cluster" {
  source = "../../modules/cluster"

  name            = "astro"
  batch_system    = "slurm"
  image           = "debian-13-hpc"
  network         = "research-net"
  key_pair        = "ops"
  security_groups = ["default", "ssh"]
  login_user      = "astro"

  front_end = { flavor = "m1.medium", external_network = "public" }

  groups = {
    cpu = {
      flavor  = "c1.xlarge"
      scaling = { min = 0, max = 20 }
    }
    gpu = {
      flavor  = "g1.large"
      image   = "debian-13-hpc-cuda" # with the driver
      gpus    = 1
      scaling = { min = 0, max = 4 }
    }
  }
}

output "front_end_address" {
  value = module.cluster.front_end_address
}

output "ssh_config" {
  value = module.cluster.ssh_config
}

output "known_hosts" {
  value = module.cluster.known_hosts
}
