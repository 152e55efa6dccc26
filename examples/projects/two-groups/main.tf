# Two groups: the number of one is written here, that of the other is the
# scaler's, inside bounds.
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

  name            = var.name
  batch_system    = var.batch_system
  image           = var.image
  network         = "research-net"
  key_pair        = "ops"
  security_groups = ["default", "ssh"]
  login_user      = "lab"

  front_end = { flavor = "m1.medium", external_network = "public" }

  groups = {
    cpu = { flavor = "c1.xlarge", count = var.cpu_workers }
    gpu = { flavor = "g1.large", scaling = { min = 0, max = 4, initial = 1 } }
  }
}

variable "name" {
  description = "Name of the cluster."
  type        = string
  default     = "lab"
}

variable "batch_system" {
  description = "What runs the jobs; the image must have it."
  type        = string
  default     = "htcondor"
}

variable "image" {
  description = "Image of all nodes, by name or ID."
  type        = string
  default     = "debian-13-condor"
}

variable "cpu_workers" {
  description = "Workers of the group cpu."
  type        = number
  default     = 2
}

output "ssh_config" {
  value = module.cluster.ssh_config
}

output "known_hosts" {
  value = module.cluster.known_hosts
}

output "workers" {
  value = module.cluster.workers
}
