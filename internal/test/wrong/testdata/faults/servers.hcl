### a worker for which there is no host # warning
name = "no-host"
workers = {
  cpu = { flavor = "m1.small", count = 2 } # warning
}
#> no-host-cpu-1
#> workers["cpu"]: no valid host was found
#> Choose another flavor or availability zone
#> not all is as planned

### a worker beyond a quota that Nova checks late # warning
name = "late-quota"
workers = {
  cpu = { flavor = "m1.small", count = 1 } # warning
}
#> workers["cpu"]: quota exceeded for cores
#> Lower `count`

### a worker without an address # warning
name = "no-address"
workers = {
  cpu = { flavor = "m1.small", count = 1 } # warning
}
#> workers["cpu"]: 
#> No more IP addresses
#> `network`

### a worker of an image that can't be used # warning
name = "bad-image"
workers = {
  cpu = { flavor = "m1.small", count = 1 } # warning
}
#> workers["cpu"]: 
#> Choose another `image`

### a front-end for which there is no host
name      = "no-front"
front_end = { flavor = "m1.medium" } # error
#> The cluster was not made
#> front_end: 
#> No valid host was found

### a front-end whose image can't be used
name      = "bad-front"
front_end = { flavor = "m1.medium" } # error
#> front_end: 
#> Choose another `image`

### fewer workers than are needed # warning
name = "too-few"
workers = {
  cpu = { flavor = "m1.small", count = 2, min_ready = 2 } # error, warning
}
#> too few workers
#> workers["cpu"].min_ready = 2: 
