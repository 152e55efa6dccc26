# Four workers for MPI programs, as many as are written here. Open MPI comes from the
# distribution's packages; an image that has it boots faster.
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

  name         = "mpi"
  batch_system = "slurm"
  image        = "debian-13-hpc"
  network      = "research-net"
  key_pair     = "ops"
  login_user   = "mpi"

  front_end = {
    flavor           = "m1.medium"
    external_network = "public"
    cloud_config     = <<-EOT
      #cloud-config
      packages: [openmpi-bin, libopenmpi-dev, gcc]
    EOT
  }

  groups = {
    cpu = {
      flavor       = "c1.xlarge"
      count        = var.workers
      cloud_config = <<-EOT
        #cloud-config
        packages: [openmpi-bin]
      EOT
    }
  }

  # A job has its workers for itself, for a day at most; srun listens on ports that a
  # firewall may be told.
  batch_config = <<-EOT
    PartitionName=DEFAULT OverSubscribe=EXCLUSIVE MaxTime=1-00:00:00
    SrunPortRange=60001-63000
  EOT
}

variable "workers" {
  description = "How many workers there are."
  type        = number
  default     = 4
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
