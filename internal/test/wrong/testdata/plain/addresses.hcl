### a fixed_ip outside its network
front_end = { flavor = "m1.medium", fixed_ip = "10.9.9.9" } # error
#> front_end.fixed_ip = "10.9.9.9": 
#> no subnet of the front-end's network
#> 10.76.0.0/20

### a fixed_ip of IPv6 on a network without it
front_end = { flavor = "m1.medium", fixed_ip = "2001:db8::9" } # error
#> front_end.fixed_ip = "2001:db8::9": 
#> no subnet of the front-end's network

### a fixed_ip that is the network's own
front_end = { flavor = "m1.medium", fixed_ip = "10.76.0.0" } # error
#> front_end.fixed_ip = "10.76.0.0": 
#> the network's own address of the subnet

### a fixed_ip that is for all of the network
front_end = { flavor = "m1.medium", fixed_ip = "10.76.15.255" } # error
#> front_end.fixed_ip = "10.76.15.255": 
#> the broadcast address of the subnet

### a fixed_ip that is the gateway's
front_end = { flavor = "m1.medium", fixed_ip = "10.76.0.1" } # warning
#> front_end.fixed_ip = "10.76.0.1": 
#> gateway

### a fixed_ip that workers may get
front_end = { flavor = "m1.medium", fixed_ip = "10.76.0.9" } # warning
#> front_end.fixed_ip = "10.76.0.9": 
#> allocation pool

### a fixed_ip in a pool, and no workers
front_end = { flavor = "m1.medium", fixed_ip = "10.76.0.9" }
workers = {}

### a group with the names of another cluster's workers
resource "vmcluster_cluster" "ROW" {
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.small" }
  workers   = { x-cpu = { flavor = "m1.small", count = 1 } }
}
resource "vmcluster_cluster" "ROW-x" {
  depends_on = [vmcluster_cluster.ROW]
  name       = "ROW-x"
  image      = "debian-13-hpc"
  network    = "private"
  front_end  = { flavor = "m1.small" }
  workers = {
    cpu = { flavor = "m1.small", count = 1 } # error
  }
}
#> workers["cpu"]: group "x-cpu" of cluster "ROW" has workers of the same names, such as ROW-x-cpu-1
