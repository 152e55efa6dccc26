# By name, or by ID where two clusters of the project have the same name. The state
# then holds IDs where a configuration has names, and no cloud_config and files of
# the front-end; the next apply takes over what the configuration says.
terraform import vmcluster_cluster.astro astro
terraform import vmcluster_cluster.astro 4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2
