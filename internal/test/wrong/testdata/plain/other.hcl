### a cluster that does not exist, in a data source
data "vmcluster_cluster" "ROW" {
  name = "nope" # error
}
#> No such cluster

### a cluster that does not exist, in an import # error nowhere
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
