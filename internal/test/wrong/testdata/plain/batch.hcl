### an unknown batch system
batch_system = { type = "pbs" } # error
#> batch_system.type = "pbs": 
#> "none"

### a batch system in capital letters
batch_system = { type = "HTCondor" } # error
#> batch_system.type = "HTCondor": 

### an empty batch system
batch_system = { type = "" } # error
#> batch_system.type = "": 

### a batch system that is a text: the words are the CLI's
batch_system = "htcondor" # error
#> object required

### a batch system without a type: the words are the CLI's
batch_system = {} # error
#> "type" is required

### packages that no distribution has
batch_system = { type = "loadleveler", install = true } # error
#> No packages
#> batch_system.install = true: 
#> no distribution has packages of loadleveler

### the daemons' own keyword of LoadLeveler, in small letters
batch_system = { type = "loadleveler", config = "MAX_JOB_REJECT = 3\nspool = /data" } # error
#> batch_system.config: 
#> line 2 sets spool

### a state volume in a cloud without a service for it
batch_system = { type = "htcondor", state_volume = "state" } # error
#> Unknown volume "state"
#> batch_system.state_volume = "state": 
#> lists no block-storage service

### a state volume without a batch system
batch_system = { type = "none", state_volume = "state" } # error
#> No state to keep
#> batch_system.state_volume = "state": 

### a state volume without a name
batch_system = { type = "htcondor", state_volume = "" } # error
#> batch_system.state_volume = "": 

### an unknown coordinator
coordinator = "me" # error
#> coordinator = "me": 
#> "last_worker"

### last_worker with a rolling replacement
coordinator = "last_worker"
replacement = { strategy = "rolling" } # error
#> replacement: 
#> last_worker

### last_worker with a scaled group
coordinator = "last_worker"
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 2 } } # error
}
#> workers["cpu"].scaling: 
#> last_worker

### an unknown state to wait for
wait_for = "ready" # error
#> wait_for = "ready": must be "joined" or "active"

### an empty state to wait for
wait_for = "" # error
#> wait_for = "": 

### an unknown strategy of replacement
replacement = { strategy = "fast" } # error
#> replacement.strategy = "fast": 

### no worker out of service
replacement = { strategy = "rolling", max_unavailable = 0 } # error
#> replacement.max_unavailable = 0: 

### a fraction of a worker out of service
replacement = { strategy = "rolling", max_unavailable = 0.5 } # error
#> replacement.max_unavailable = 0.5: 

### a time to drain that is none, in a replacement
drain_timeout = "30m"
replacement = { strategy = "rolling", drain_timeout = "soon" } # error
#> replacement.drain_timeout = "soon": 

### a replacement without a strategy: the words are the CLI's
replacement = { max_unavailable = 1 } # error
#> "strategy" is required
