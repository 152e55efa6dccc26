# A cluster whose number of workers is in Terraform's hands and in the scaler's:
# the scaler writes scaler.auto.tfvars.json, which every apply reads, and applies.

terraform {
  required_providers {
    vmcluster = {
      source = "vmcluster/vmcluster"
    }
  }
}

provider "vmcluster" {}

# What the scaler asks for, by group. Until it has asked for anything, the
# numbers below count.
variable "vmcluster_workers" {
  description = "Written by vmcluster-scaler: how many workers a group has, and who leaves when there are fewer."
  type = map(object({
    count  = number
    retire = set(string)
  }))
  default = {}
}

resource "vmcluster_cluster" "astro" {
  name      = "astro"
  image     = "debian-13-hpc"
  network   = "research"
  front_end = { flavor = "m1.medium" }

  workers = {
    cpu = {
      flavor = "c1.xlarge"
      count  = try(var.vmcluster_workers["cpu"].count, 1)
      retire = try(var.vmcluster_workers["cpu"].retire, [])
    }
    gpu = {
      flavor = "g1.large"
      count  = try(var.vmcluster_workers["gpu"].count, 0)
      retire = try(var.vmcluster_workers["gpu"].retire, [])
    }
  }

  batch_system  = { type = "htcondor" }
  drain_timeout = "1h" # for a shrink by hand; the workers that the scaler names run no jobs
}
