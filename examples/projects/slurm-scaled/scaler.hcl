# /etc/vmcluster/scaler.hcl on the front-end. Other settings, and what each means:
# docs/scaler.md

cluster = "astro"
cloud   = "research" # entry of clouds.yaml

queue "slurm" {} # squeue and scontrol of this machine

policy {
  scale_out_after = "30s"  # demand must last this long
  idle_after      = "120s" # a worker unused this long, with nothing waiting that fits it, goes
  first_job_grace = "120s" # one that never had a job, too: Slurm gives a new worker its job within seconds
}

actuator "nova" {}

log {
  decisions = "/var/log/vmcluster/decisions.jsonl"
}
