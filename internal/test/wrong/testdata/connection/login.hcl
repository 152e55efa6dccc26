### a connection: nothing is set
provider "vmcluster" {
  alias = "ROW"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: auth_url
#> to an entry of clouds.yaml
#> auth_url (or OS_AUTH_URL)

### a connection: an address without http
provider "vmcluster" {
  alias = "ROW"
  auth_url = "keystone:5000/v3"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: auth_url
#> is not an http or https URL

### a connection: a password in the address
provider "vmcluster" {
  alias = "ROW"
  auth_url = "http://demo:secret@127.0.0.1/v3"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> set user_name and password instead

### a connection: a host that does not exist
provider "vmcluster" {
  alias = "ROW"
  auth_url = "http://keystone.invalid:5000/v3"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> The cloud can't be reached
#> "keystone.invalid"
#> auth_url (or OS_AUTH_URL)

### a connection: a port without a service
provider "vmcluster" {
  alias = "ROW"
  auth_url = "http://127.0.0.1:1/v3"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> The cloud can't be reached
#> no service listens at 127.0.0.1:1 (connection refused)
#> auth_url (or OS_AUTH_URL)

### a connection: https to a server without it
provider "vmcluster" {
  alias = "ROW"
  auth_url = replace("CLOUD", "http:", "https:")
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> The cloud can't be reached
#> does not speak TLS
#> Write http:// in place of https:// into auth_url

### a connection: a wrong path
provider "vmcluster" {
  alias = "ROW"
  auth_url = replace("CLOUD", "identity", "elsewhere")
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> The cloud can't be reached
#> (HTTP 404)
#> auth_url (or OS_AUTH_URL)
#> ends with /v3 as a rule

### a connection: a wrong password
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  password = "wrong"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> The cloud can't be reached
#> (HTTP 401)
#> user_name (or OS_USERNAME), password (or OS_PASSWORD)

### a connection: an unknown user
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "ada"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> (HTTP 401)
#> user_name (or OS_USERNAME)

### a connection: an unknown project
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "nebula"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> (HTTP 401)
#> tenant_name (or OS_PROJECT_NAME

### a connection: a token that is none
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  token = "gAAAAAB"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> token (or OS_TOKEN, OS_AUTH_TOKEN)
#> A token runs out after some hours

### a connection: an unknown application credential
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  application_credential_id = "ac"
  application_credential_secret = "wrong"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> (HTTP 401)
#> application_credential_id (or OS_APPLICATION_CREDENTIAL_ID)

### a connection: an application credential without its secret
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  application_credential_id = "ac"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: application_credential_secret

### a connection: two kinds of credential
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  token = "gAAAAAB"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Password and token are set together; leave one

### a connection: no credential
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: password
#> No credential

### a connection: no user
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: user_name

### a connection: an unknown region
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  region = "Nowhere"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: region
#> "Nowhere"
#> RegionOne

### a connection: no file of certificates
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  cacert_file = "/no/such/file"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: cacert_file
#> /no/such/file

### a connection: a text that is no certificate
provider "vmcluster" {
  alias = "ROW"
  auth_url = "CLOUD"
  user_name = "demo"
  user_domain_name = "Default"
  password = "embedded-password"
  tenant_name = "demo"
  project_domain_name = "Default"
  cacert_file = "-----BEGIN NOTHING-----"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> holds no certificate in PEM form

### a connection: no clouds.yaml
provider "vmcluster" {
  alias = "ROW"
  cloud = "research"
  max_retries = 0
}

resource "vmcluster_cluster" "ROW" { # error
  provider  = vmcluster.ROW
  name      = "ROW"
  image     = "debian-13-hpc"
  network   = "private"
  front_end = { flavor = "m1.medium" }
}
#> Invalid provider configuration: cloud
#> "research"
#> no clouds.yaml
#> OS_CLIENT_CONFIG_FILE
