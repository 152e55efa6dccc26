terraform {
  required_version = ">= 1.11"

  required_providers {
    vmcluster = {
      source = "vmcluster/vmcluster"
    }
  }
}
