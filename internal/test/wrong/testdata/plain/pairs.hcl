### a cluster_network that no node has
networks = ["private", "small"]
cluster_network = "public" # error
#> cluster_network = "public": no node has this network

### a cluster_network beside one other network
cluster_network = "small" # error
#> cluster_network = "small": no node has this network

### a cluster_network that one group has
cluster_network = "small"
workers = {
  cpu = { flavor = "m1.small", count = 1, networks = ["private", "small"] }
}

### retire of another group
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["ROW-gpu-1"] } # error
}
#> workers["cpu"].retire has "ROW-gpu-1": not the name of a worker of this group
#> ROW-cpu-1

### retire of the front-end
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["ROW-frontend"] } # error
}
#> retire has "ROW-frontend": not the name

### retire without the cluster's name
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["cpu-1"] } # error
}
#> retire has "cpu-1": not the name

### retire with a number that begins with zero
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["ROW-cpu-01"] } # error
}
#> not the name

### retire of worker 0
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["ROW-cpu-0"] } # error
}
#> not the name

### affinity over several zones
workers = {
  cpu = { flavor = "m1.small", count = 2, server_group = { policy = "affinity" }, availability_zones = ["nova", "west"] } # error
}
#> workers["cpu"].availability_zones
#> one hypervisor

### soft affinity over several zones
workers = {
  cpu = { flavor = "m1.small", count = 2, server_group = { policy = "soft-affinity" }, availability_zones = ["nova", "west"] }
}

### no config drive with last_worker
coordinator = "last_worker"
front_end = { flavor = "m1.medium", config_drive = false } # error
#> front_end.config_drive = false
#> on config drives
