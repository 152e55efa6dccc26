### a data source of a cluster that does not exist
data "vmcluster_cluster" "ROW" {
  name = "nope" # error
}
#> No such cluster
#> name = "nope": 

### a data source of an ID that does not exist
data "vmcluster_cluster" "ROW" {
  id = "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2" # error
}
#> No such cluster
#> id = "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2": 

### a data source with name and ID
data "vmcluster_cluster" "ROW" {
  id   = "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2"
  name = "astro" # error
}
#> not together with `id`

### a data source with neither name nor ID # error
data "vmcluster_cluster" "ROW" {
}
#> name: set it, or `id`

### a data source with an empty name
data "vmcluster_cluster" "ROW" {
  name = "" # error
}
#> name = "": 

### a data source with an empty ID
data "vmcluster_cluster" "ROW" {
  id = "" # error
}
#> id = "": 

### a data source with an attribute that is computed
data "vmcluster_cluster" "ROW" {
  name   = "astro"
  groups = {} # error
}
#> groups: it can't be set

### an import of a cluster that does not exist # error nowhere
import {
  to = vmcluster_cluster.ROW
  id = "cluster-ROW"
}
resource "vmcluster_cluster" "ROW" {
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.small" }
}
#> The cluster can't be imported
#> cluster-ROW

### an import of an ID that does not exist # error nowhere
import {
  to = vmcluster_cluster.ROW
  id = "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d3"
}
resource "vmcluster_cluster" "ROW" {
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.small" }
}
#> The cluster can't be imported
#> 4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d3

### an import by a name that can be none # error nowhere
import {
  to = vmcluster_cluster.ROW
  id = "Not, a name of ROW!"
}
resource "vmcluster_cluster" "ROW" {
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.small" }
}
#> The cluster can't be imported
#> Not, a name of ROW!
#> Check the spelling, the project and the region

### a data source with a name that can be none
data "vmcluster_cluster" "ROW" {
  name = "Not a name" # error
}
#> name = "Not a name": 

### a data source with null for name and ID
data "vmcluster_cluster" "ROW" {
  name = null # error
}
