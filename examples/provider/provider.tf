terraform {
  required_providers {
    vmcluster = {
      source = "registry.terraform.io/vmcluster/vmcluster"
    }
  }
}

# An entry of clouds.yaml. Without it the OS_* variables are used, so a sourced
# openrc file is enough.
provider "vmcluster" {
  cloud = "research"
}
