### a time to drain that is none
drain_timeout = "soon" # error
#> drain_timeout = "soon": 
#> "30m"

### a negative time to drain
drain_timeout = "-5m" # error
#> drain_timeout = "-5m": 

### a time to drain without a unit
drain_timeout = "30" # error
#> drain_timeout = "30": 

### a time to drain in days
drain_timeout = "1d" # error
#> drain_timeout = "1d": 

### an empty time to drain
drain_timeout = "" # error
#> drain_timeout = "": 

### a time to create that is none
timeouts = { create = "soon" } # error
#> timeouts.create

### a time to update without a unit
timeouts = { update = "60" } # error
#> timeouts.update

### timeouts with an unknown operation: the words are the CLI's
timeouts = { made = "1h" } 

### timeouts that are a text: the words are the CLI's
timeouts = "1h" # error
#> object required
