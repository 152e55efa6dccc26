### an unknown state volume
batch_system = { type = "htcondor", state_volume = "nope" } # error
#> Unknown volume "nope"
#> batch_system.state_volume = "nope": no volume has this name or ID
#> "taken"

### a state volume of a name that two have
batch_system = { type = "htcondor", state_volume = "twins" } # error
#> Ambiguous volume "twins"
#> batch_system.state_volume = "twins": 2 volumes have this name
#> Use the ID in place of the name

### a state volume that another server has
batch_system = { type = "htcondor", state_volume = "taken" } # error
#> Volume in use
#> batch_system.state_volume = "taken": 

### a state volume that has failed
batch_system = { type = "htcondor", state_volume = "failed" } # error
#> Unusable volume
#> batch_system.state_volume = "failed": 
#> "error"

### a state volume for several servers
batch_system = { type = "htcondor", state_volume = "shared" } # error
#> Multi-attach volume
#> batch_system.state_volume = "shared": 
