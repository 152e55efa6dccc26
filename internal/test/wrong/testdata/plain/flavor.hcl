### an unknown flavor of a group
workers = {
  cpu = { flavor = "m9", count = 1 } # error
}
#> Unknown flavor "m9"
#> workers["cpu"].flavor = "m9": no flavor has this name

### an unknown flavor of the front-end
front_end = { flavor = "m1.mediun" } # error
#> front_end.flavor = "m1.mediun": no flavor has this name
#> "m1.medium"

### the same unknown flavor everywhere: said once
front_end = { flavor = "m9" } # error
workers = {
  a = { flavor = "m9", count = 1 }
  b = { flavor = "m9", count = 1 }
}
#> front_end.flavor = "m9"

### an empty flavor of the front-end
front_end = { flavor = "" } # error
#> front_end.flavor = "": 

### an empty flavor of a group
workers = {
  cpu = { flavor = "", count = 1 } # error
}
#> workers["cpu"].flavor = "": 

### no flavor of a group: the words are the CLI's
workers = { # error
  cpu = { count = 1 }
}
#> attribute "flavor" is required

### no flavor of the front-end: the words are the CLI's
front_end = {} # error
#> attribute "flavor" is required

### a flavor that is a list: the words are the CLI's
front_end = { flavor = ["m1.small"] } # error
#> string required

### a flavor with a space behind it
front_end = { flavor = "m1.medium " } # error
#> front_end.flavor = "m1.medium "
