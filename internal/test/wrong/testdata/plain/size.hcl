### neither count nor scaling
workers = {
  cpu = { flavor = "m1.small" } # error
}
#> workers["cpu"]: 
#> `count`

### count and scaling
workers = {
  cpu = { flavor = "m1.small", count = 1, scaling = { min = 0, max = 2 } } # error
}
#> workers["cpu"]
#> the number of workers has one owner

### a negative count
workers = {
  cpu = { flavor = "m1.small", count = -1 } # error
}
#> workers["cpu"].count = -1: 
#> between 0 and 10000

### a count beyond all bounds
workers = {
  cpu = { flavor = "m1.small", count = 10001 } # error
}
#> workers["cpu"].count = 10001: 

### a count that is a fraction
workers = {
  cpu = { flavor = "m1.small", count = 1.5 } # error
}
#> workers["cpu"].count = 1.5: 

### a count beyond 64 bits
workers = {
  cpu = { flavor = "m1.small", count = 1e30 } # error
}
#> workers["cpu"].count

### a count that is a word: the words are the CLI's
workers = { # error
  cpu = { flavor = "m1.small", count = "many" }
}
#> a number is required

### min above max
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 5, max = 2 } } # error
}
#> workers["cpu"].scaling.min = 5: 

### initial above max
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 2, initial = 3 } } # error
}
#> workers["cpu"].scaling.initial = 3: 

### initial below min
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 2, initial = 0 } } # error
}
#> workers["cpu"].scaling.initial = 0: 

### a negative min
workers = {
  cpu = { flavor = "m1.small", scaling = { min = -1, max = 2 } } # error
}
#> workers["cpu"].scaling.min = -1: 

### a max beyond all bounds
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 100000 } } # error
}
#> workers["cpu"].scaling.max = 100000: 

### scaling without max: the words are the CLI's
workers = { # error
  cpu = { flavor = "m1.small", scaling = { min = 1 } }
}
#> "max" is required

### scaling that is a number: the words are the CLI's
workers = { # error
  cpu = { flavor = "m1.small", scaling = 3 }
}
#> object required

### a fraction in scaling
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 0.5, max = 2 } } # error
}
#> workers["cpu"].scaling.min = 0.5: 

### min_ready above count
workers = {
  cpu = { flavor = "m1.small", count = 2, min_ready = 3 } # error
}
#> workers["cpu"].min_ready = 3: 

### min_ready above the min of a scaled group
workers = {
  cpu = { flavor = "m1.small", scaling = { min = 1, max = 5 }, min_ready = 2 } # error
}
#> workers["cpu"].min_ready = 2: 

### a negative min_ready
workers = {
  cpu = { flavor = "m1.small", count = 2, min_ready = -1 } # error
}
#> workers["cpu"].min_ready = -1: 

### an empty name to retire
workers = {
  cpu = { flavor = "m1.small", count = 2, retire = [""] } # error
}
#> workers["cpu"].retire

### workers that are a list: the words are the CLI's
workers = [{ flavor = "m1.small", count = 2 }] # error
#> map of object required
