locals {
  worker = provider::vmcluster::user_data({
    name         = "astro"
    group        = "cpu"
    batch_system = "htcondor"
    cloud_config = <<-EOT
      #cloud-config
      packages: [htop]
    EOT
  })
}

output "user_data" {
  value = local.worker.content
}

output "room_left" {
  value = "${local.worker.limit - local.worker.size} bytes"
}
