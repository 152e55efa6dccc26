terraform {
  required_version = ">= 1.11"

  required_providers {
    vmcluster = {
      source = "vmcluster/vmcluster"
    }
  }
}

# Where the cloud is and who you are comes from clouds.yaml, or from the OS_*
# variables if cloud is left out.
provider "vmcluster" {
  cloud = var.cloud
}
