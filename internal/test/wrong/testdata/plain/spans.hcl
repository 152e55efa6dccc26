### drain_timeout of 99999h
drain_timeout = "99999h" # error
#> drain_timeout = "99999h": too long: the most is 8760h

### drain_timeout of 30m 
drain_timeout = "30m " # error
#> drain_timeout = "30m ": not a span of time

### drain_timeout of 1 h
drain_timeout = "1 h" # error
#> drain_timeout = "1 h": not a span of time

### drain_timeout of 9999999999999h
drain_timeout = "9999999999999h" # error
#> drain_timeout = "9999999999999h": not a span of time

### timeouts.create of 0s
timeouts = { create = "0s" } # error
#> timeouts.create = "0s": too short: the least is 1s

### timeouts.create of -1m
timeouts = { create = "-1m" } # error
#> timeouts.create = "-1m": it is negative

### timeouts.read of 0s
timeouts = { read = "0s" } # error
#> timeouts.read = "0s": too short: the least is 1s

### timeouts.read of -1m
timeouts = { read = "-1m" } # error
#> timeouts.read = "-1m": it is negative

### timeouts.update of 0s
timeouts = { update = "0s" } # error
#> timeouts.update = "0s": too short: the least is 1s

### timeouts.update of -1m
timeouts = { update = "-1m" } # error
#> timeouts.update = "-1m": it is negative

### timeouts.delete of 0s
timeouts = { delete = "0s" } # error
#> timeouts.delete = "0s": too short: the least is 1s

### timeouts.delete of -1m
timeouts = { delete = "-1m" } # error
#> timeouts.delete = "-1m": it is negative

### timeouts.create of nothing
timeouts = { create = "" } # error
#> timeouts.create = "": not a span of time

### timeouts.create of 999ms
timeouts = { create = "999ms" } # error
#> timeouts.create = "999ms": too short

### timeouts.create of 87600h
timeouts = { create = "87600h" } # error
#> timeouts.create = "87600h": too long

### drain_timeout of a replacement of -1s
replacement = { strategy = "rolling", drain_timeout = "-1s" } # error
#> replacement.drain_timeout = "-1s": it is negative

### drain_timeout of a replacement of later
replacement = { strategy = "rolling", drain_timeout = "later" } # error
#> replacement.drain_timeout = "later": not a span of time

### drain_timeout of a replacement of 10000h
replacement = { strategy = "rolling", drain_timeout = "10000h" } # error
#> replacement.drain_timeout = "10000h": too long

### spans of time that are allowed
drain_timeout = "0s"
timeouts = { create = "1s", read = "1h30m", update = "8760h", delete = "90s" }
