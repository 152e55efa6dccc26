### a name to retire that no worker has
workers = {
  cpu = { flavor = "m1.small", count = 1, retire = ["ROW-cpu-7"] } # warning
}
#> retire has "ROW-cpu-7": the group has no worker of this name

### a name to retire that is still to be made
workers = {
  cpu = { flavor = "m1.small", count = 2, retire = ["ROW-cpu-2"] }
}

### names to retire beside scaling
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 2 }, retire = ["ROW-cpu-1"] } # warning
}
#> with `scaling` the scaler chooses the workers that leave

### a time to drain that an apply does not have
wait_for = "joined"
batch_system = { type = "htcondor" }
drain_timeout = "2h" # warning
#> drain_timeout = "2h": 
#> may finish its jobs for 2h, and an update ends after 1h

### an update that ends before workers are drained
wait_for = "joined"
batch_system = { type = "htcondor" }
timeouts = { update = "10m" } # warning
#> timeouts.update = "10m": 
#> for 30m, and an update ends after 10m

### a time to drain in a replacement that an apply does not have
wait_for = "joined"
batch_system = { type = "htcondor" }
replacement = { strategy = "rolling", drain_timeout = "3h" } # warning
#> replacement.drain_timeout = "3h": 

### a time to drain where nothing drains
wait_for = "joined"
drain_timeout = "2h"
