# /etc/vmcluster/scaler.hcl on the front-end, for the group gpu. Without a queue block the
# scaler reads whatever batch system the cluster runs, by its tools on this machine: this
# file stays as it is when the project's batch_system is another one.

cluster = "lab"
cloud   = "research" # entry of clouds.yaml

policy {
  scale_out_after = "60s"  # demand must last this long
  idle_after      = "120s" # a worker unused this long, with nothing waiting that fits it, goes
}

actuator "nova" {}
