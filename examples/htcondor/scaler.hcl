# The number of workers follows the queue: vmcluster-scaler run --config scaler.hcl
# Other settings, and what each means: docs/scaler.md

cluster = "astro"    # the cluster's name
cloud   = "research" # entry of clouds.yaml; left out: the OS_* variables

# On the front-end HTCondor's tools know the pool. From elsewhere they are run
# through SSH:
#
#   queue "htcondor" {
#     ssh {
#       host = "198.51.100.7" # the output front_end_address
#       user = "astro"
#     }
#   }
queue "htcondor" {}

# The bounds of a group stand in Terraform's configuration: scaling = { min = 0, max = 10 }.
# A block here only narrows them:
#
#   group "cpu" {
#     max = 4
#   }

policy {
  interval        = "10s"  # how often the queue is read
  scale_out_after = "60s"  # demand must last this long
  idle_after      = "60s"  # a worker unused this long, with nothing waiting that fits it, goes
  first_job_grace = "300s" # one that never had a job gets longer
  max_in_flight   = 200    # workers that have not joined yet, at most
}

actuator "nova" {} # or "dry-run": decide, and say so, but do nothing
