### a connection: an endpoint type that is none
provider "vmcluster" {
  alias = "ROW"
  endpoint_type = "privat" # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> endpoint_type = "privat": 

### a connection: a timeout that is none
provider "vmcluster" {
  alias = "ROW"
  request_timeout = "soon" # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> request_timeout = "soon": is not a span of time

### a connection: a timeout without a unit
provider "vmcluster" {
  alias = "ROW"
  request_timeout = "30" # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> request_timeout = "30": is not a span of time

### a connection: a timeout of nothing
provider "vmcluster" {
  alias = "ROW"
  request_timeout = "0s" # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> request_timeout = "0s": 

### a connection: fewer retries than none
provider "vmcluster" {
  alias = "ROW"
  max_retries = -1 # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> max_retries = -1: must be between 0 and 100

### a connection: a fraction of retries
provider "vmcluster" {
  alias = "ROW"
  max_retries = 1.5 # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> max_retries = 1.5: 

### a connection: no calls at once
provider "vmcluster" {
  alias = "ROW"
  max_concurrency = 0 # error
}

resource "vmcluster_cluster" "ROW" {
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> max_concurrency = 0: must be between 1 and 256
