# An image for the nodes of a cluster, made on an OpenStack by Packer:
#
#   packer init images
#   packer build -var base=debian-13-genericcloud -var flavor=m1.small \
#     -var 'networks=["4c1e…"]' images
#
# What is installed stands in provision.sh alone; build makes the same image without a cloud.
# The cloud is the entry of clouds.yaml that OS_CLOUD names.

packer {
  required_version = ">= 1.11.0"

  required_plugins {
    openstack = {
      source  = "github.com/hashicorp/openstack"
      version = "1.1.4"
    }
  }
}

variable "name" {
  type        = string
  default     = ""
  description = "Name of the image. The default holds the time of the build: debian-13-vmcluster-YYYYMMDD-hhmm."
}

variable "base" {
  type        = string
  description = "Name of the image to begin with: Debian 13, generic or genericcloud, as Debian publishes it."
}

variable "user" {
  type        = string
  default     = "debian"
  description = "The base image's user with sudo."
}

variable "flavor" {
  type        = string
  description = "Flavor of the server on which the image is made: with 1 GiB of memory and 8 GB of disk at least."
}

variable "networks" {
  type        = list(string)
  default     = []
  description = "UUIDs of the server's networks. The server fetches packages from Debian's mirrors. Empty: the project's only network."
}

variable "security_groups" {
  type        = list(string)
  default     = ["default"]
  description = "Names of security groups; they have to admit SSH from where Packer runs."
}

variable "external_network" {
  type        = string
  default     = null
  description = "Name or ID of an external network, where Packer needs a floating IP to reach the server."
}

variable "volume_gb" {
  type        = number
  default     = 0
  description = "Size of a volume to work on, for flavors without a disk. 0: the flavor's own disk."
}

locals {
  name = var.name != "" ? var.name : "debian-13-vmcluster-${formatdate("YYYYMMDD-hhmm", timestamp())}"
}

source "openstack" "node" {
  image_name     = local.name
  instance_name  = "packer-${local.name}"
  image_min_disk = 8
  metadata = {
    os_distro  = "debian"
    os_version = "13"
  }

  source_image_name       = var.base
  flavor                  = var.flavor
  networks                = var.networks
  security_groups         = var.security_groups
  floating_ip_network     = var.external_network
  use_blockstorage_volume = var.volume_gb > 0
  volume_size             = var.volume_gb

  ssh_username = var.user
  ssh_timeout  = "10m"
}

build {
  sources = ["source.openstack.node"]

  # cloud-init holds apt's lock while it prepares the base image for the server.
  provisioner "shell" {
    inline              = ["cloud-init status --wait"]
    valid_exit_codes    = [0, 2] # 2: with warnings
    execute_command     = "sudo sh {{ .Path }}"
    start_retry_timeout = "5m"
  }

  provisioner "shell" {
    script          = "${path.root}/provision.sh"
    execute_command = "sudo sh {{ .Path }}"
  }
}
