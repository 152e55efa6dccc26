# By name, or by ID where two clusters of the project have the same name.
terraform import vmcluster_cluster.astro astro
terraform import vmcluster_cluster.astro 4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2
