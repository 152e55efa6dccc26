### a cluster with nothing but what it needs

### no worker at all
workers = {}

### no group at all
workers = null

### an image that is known during the apply only
resource "terraform_data" "ROW" {
  input = "tiny"
}
resource "vmcluster_cluster" "ROW" {
  name      = "ROW"
  image     = terraform_data.ROW.output
  network   = "private"
  front_end = { flavor = "m1.medium" }
}

### IDs for names
image   = "a1599d16-0000-4000-8000-000000000003"
network = "a2256c23-0000-4000-8000-000000000004"

### a login user of its own
login_user = "ada"

### a group with a count of zero
workers = {
  cpu = { flavor = "m1.small", count = 0 }
}

### a group with bounds of zero
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0, max = 0 } }
}

### several networks and one for the traffic
networks        = ["private", "small"]
cluster_network = "small"

### a fixed address outside the pool
network = "spare"
front_end = { flavor = "m1.medium", fixed_ip = "10.96.0.240" }

### zones, a server group and metadata
workers = {
  cpu = {
    flavor             = "m1.small"
    count              = 2
    availability_zones = ["nova", "west"]
    server_group       = { policy = "soft-anti-affinity" }
    metadata           = { owner = "ada" }
    config_drive       = true
  }
}

### files and a cloud-config
front_end = {
  flavor       = "m1.medium"
  files        = { "/etc/motd" = "Hello.\n" }
  cloud_config = "#cloud-config\npackages: [htop]\n"
}

### times in all units
drain_timeout = "0s"
timeouts      = { create = "1h30m", update = "90m", delete = "600s", read = "1m" }

### a CA key with its version
ssh_ca_private_key_wo         = file("ca.pem")
ssh_ca_private_key_wo_version = 1

### functions
locals {
  ROW = [
    provider::vmcluster::hosts_file({ a = { address = "10.0.0.1" }, b = { address = null } }),
    provider::vmcluster::user_data({ name = "astro", group = "cpu", workers = { cpu = 3 } }).size,
  ]
}
