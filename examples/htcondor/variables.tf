variable "cloud" {
  description = "Entry of clouds.yaml; null takes OS_CLOUD or the OS_* variables."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the cluster and prefix of its nodes' names."
  type        = string
  default     = "astro"
}

variable "image" {
  description = "Image with cloud-init, an SSH server, Python 3 and HTCondor (Debian: package condor), by name or ID."
  type        = string
}

variable "flavor" {
  description = "Flavor of the workers, by name or ID."
  type        = string
}

variable "front_end_flavor" {
  description = "Flavor of the front-end, by name or ID; null takes the workers'."
  type        = string
  default     = null
}

variable "network" {
  description = "Network of all nodes, by name or ID. Nodes must reach each other on it, and the metadata service."
  type        = string
}

variable "external_network" {
  description = "External network from which the front-end gets a floating IP; null gives it none."
  type        = string
  default     = null
}

variable "key_pair" {
  description = "Nova key pair of the operators; with null no login from outside is possible."
  type        = string
  default     = null
}

variable "security_groups" {
  description = "Security groups of all nodes. They must let the nodes reach each other, and you the front-end's SSH port."
  type        = set(string)
  default     = ["default"]
}

variable "login_user" {
  description = "Account on all nodes, for which every node trusts every node."
  type        = string
  default     = "astro"
}

variable "workers" {
  description = "How many workers the cluster has; of no consequence with scaling."
  type        = number
  default     = 2
}

variable "retire" {
  description = "Workers that leave first when the number falls, as in [\"astro-cpu-3\"]."
  type        = set(string)
  default     = null
}

variable "scaling" {
  description = "Bounds inside which a scaler decides how many workers there are; null leaves the number to workers."
  type        = object({ min = number, max = number })
  default     = null
}
