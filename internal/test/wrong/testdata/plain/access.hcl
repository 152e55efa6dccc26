### an unknown key pair
key_pair = "me" # error
#> Unknown key pair "me"
#> key_pair = "me": no key pair has this name
#> "ops"

### an empty key pair
key_pair = "" # error
#> key_pair = "": 

### a key pair whose case differs
key_pair = "OPS" # error
#> key_pair = "OPS": 

### an unknown security group of the cluster
security_groups = ["default", "web"] # error
#> security_groups has "web": no security group has this name
#> "open"

### an unknown security group of a group
security_groups = ["default"]
workers = {
  cpu = { flavor = "m1.small", count = 1, security_groups = ["web"] } # error
}
#> workers["cpu"].security_groups has "web": no security group has this name

### an unknown security group of the front-end
front_end = { flavor = "m1.medium", security_groups = ["web"] } # error
#> front_end.security_groups has "web": no security group has this name

### two unknown security groups
security_groups = ["web", "ssh"] # 2 errors
#> security_groups has "web"
#> security_groups has "ssh"

### an ambiguous security group
security_groups = ["doubled"] # error
#> security_groups has "doubled": 2 security groups have this name

### a security group that is a text and no list: the words are the CLI's
security_groups = "default" # error
#> set of string required

### a reserved account as login user
login_user = "root" # error
#> login_user = "root": 

### the product's own account as login user
login_user = "vmcluster" # error
#> login_user = "vmcluster": 

### the batch system's account as login user
login_user = "munge" # error
#> login_user = "munge": 

### a cluster's name that is a reserved account
name = "condor" # error
#> name = "condor": it gives the login user
#> Set `login_user`

### a login user with a capital letter and a space
login_user = "Ada L" # error
#> login_user = "Ada L": 

### a login user of 33 characters
login_user = "a23456789012345678901234567890123" # error
#> login_user = "a23456789012345678901234567890123": 

### a login user that begins with a digit
login_user = "1ada" # error
#> login_user = "1ada": 

### a login user with a line break
login_user = "ada\nroot" # error
#> login_user: 

### a uid of the system
login_uid = 100 # error
#> login_uid = 100: 

### a uid of root
login_uid = 0 # error
#> login_uid = 0: 

### a uid that is too large
login_uid = 70000 # error
#> login_uid = 70000: 

### a negative uid
login_uid = -1 # error
#> login_uid = -1: 

### a uid that is a fraction
login_uid = 20000.5 # error
#> login_uid

### a CA key that is none
ssh_ca_private_key_wo         = "no key" # error
ssh_ca_private_key_wo_version = 1
#> ssh_ca_private_key_wo: 

### a public key as CA key
ssh_ca_private_key_wo         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHBo21E5LQGiRX7by14RB5uwCQR37xnx/33Edqq/cC9 ops" # error
ssh_ca_private_key_wo_version = 1
#> ssh_ca_private_key_wo: 

### a CA key of another kind
ssh_ca_private_key_wo         = file("ecdsa.pem") # error
ssh_ca_private_key_wo_version = 1
#> ssh_ca_private_key_wo: 
#> ed25519

### a CA key without a version
ssh_ca_private_key_wo = file("ca.pem") # error
#> ssh_ca_private_key_wo: set `ssh_ca_private_key_wo_version` too

### a CA key that is empty
ssh_ca_private_key_wo         = "" # error
ssh_ca_private_key_wo_version = 1
#> ssh_ca_private_key_wo: 
