# The smallest use of the module: one group whose number is written here.
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

  name         = "small"
  batch_system = "htcondor"
  image        = "debian-13-condor"
  network      = "research-net"
  key_pair     = "ops"

  front_end = { flavor = "m1.medium" }

  groups = {
    cpu = { flavor = "m1.large", count = 2 }
  }
}

output "front_end_address" {
  value = module.cluster.front_end_address
}
