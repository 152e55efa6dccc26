### the name of another cluster
name = "astro" # error
#> Cluster exists already
#> name = "astro": 
#> import it

### the name of a cluster that another run has not finished
name = "half" # error
#> name = "half": 
#> VMCLUSTER_DELETE_UNFINISHED

### the name of a finished cluster that has lost its front-end
name = "headless" # error
#> name = "headless": 
#> openstack server list --tags

### a port that another server has
front_end = { flavor = "m1.medium", port = "taken" } # error
#> Port in use
#> front_end.port = "taken": 

### a port on another network
front_end = { flavor = "m1.medium", port = "elsewhere" } # error
#> Port on another network
#> front_end.port = "elsewhere": 

### a data source of a name that two clusters have
data "vmcluster_cluster" "ROW" {
  name = "double" # error
}
#> name = "double": 

### an import of a name that two clusters have # error nowhere
import {
  to = vmcluster_cluster.ROW
  id = "double"
}
resource "vmcluster_cluster" "ROW" {
  name      = "double"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.small" }
}
#> The cluster can't be imported
#> double
