### a group with the names of a cluster's workers
name = "orion"
workers = {
  x-cpu = { flavor = "m1.small", count = 1 } # error
}
#> group "cpu" of cluster "orion-x" has workers of the same names, such as orion-x-cpu-1

### a fixed_ip that another server has
front_end = { flavor = "m1.medium", fixed_ip = "10.76.9.9" } # error
#> Address in use
#> front_end.fixed_ip = "10.76.9.9": 
