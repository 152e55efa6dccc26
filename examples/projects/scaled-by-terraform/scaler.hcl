# vmcluster-scaler run --config scaler.hcl
# Run "terraform init" and "terraform apply" once before.

cluster = "astro"

queue "htcondor" {}

# The bounds stand here: Terraform's configuration has a count, not "scaling".
group "cpu" {
  min = 0
  max = 20
}

group "gpu" {
  max  = 4
  gpus = 1
}

actuator "terraform" {
  directory = "/srv/infra/astro"
  resource  = "vmcluster_cluster.astro"
}
