# terraform query (Terraform 1.14 or newer): the clusters of the project
list "vmcluster_cluster" "all" {
  provider = vmcluster
}

list "vmcluster_cluster" "astro" {
  provider         = vmcluster
  include_resource = true

  config {
    name = "astro"
  }
}
