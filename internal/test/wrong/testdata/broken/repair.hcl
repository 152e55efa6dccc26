### workers that do not work any more
workers = {
  cpu = { flavor = "m1.small", count = 3 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 3 } # warning
}
#> 2 workers will be deleted and made anew
#> ROW-cpu-1: its server is in ERROR. Nova says: No valid host was found. There are not enough hosts available.
#> ROW-cpu-2: its server is SHUTOFF. To keep it, start it (openstack server start ROW-cpu-2)

### a worker in ERROR
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 1 } # warning
}
#> ROW-cpu-1 will be deleted and made anew
#> Nova says: No valid host was found

### a worker in ERROR that leaves
workers = {
  cpu = { flavor = "m1.small", count = 1 }
}
#-- then
workers = {
  cpu = { flavor = "m1.small", count = 0 }
}
