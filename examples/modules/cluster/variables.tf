variable "name" {
  description = "Name of the cluster and prefix of its nodes' names."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]*[a-z0-9])?$", var.name)) && length(var.name) <= 36
    error_message = "The name is part of host names: at most 36 lower-case letters, digits and inner hyphens, a letter first."
  }
}

variable "batch_system" {
  description = "The batch system, as in the provider's batch_system.type: htcondor, slurm, loadleveler or none."
  type        = string
}

variable "batch_config" {
  description = "Lines of the batch system's configuration of your own, on all nodes. A line that sets what the cluster itself sets is refused in the plan."
  type        = string
  default     = null
}

variable "image" {
  description = "Image with cloud-init, an SSH server, Python 3 and the batch system, by name or ID. Debian's packages are condor; slurmctld, slurmd and slurm-client; LoadLeveler's are IBM's."
  type        = string
}

variable "install" {
  description = "Whether nodes install the batch system's packages at their first boot, for an image that lacks them."
  type        = bool
  default     = false
}

variable "network" {
  description = "Network of all nodes, by name or ID."
  type        = string
}

variable "security_groups" {
  description = "Security groups of all nodes. They must let the nodes reach each other on all ports, and you the front-end's SSH port."
  type        = set(string)
  default     = ["default"]

  validation {
    condition     = length(var.security_groups) > 0
    error_message = "Without a security group no node reaches another."
  }
}

variable "key_pair" {
  description = "Nova key pair of the operators; with null no login from outside is possible."
  type        = string
  default     = null
}

variable "login_user" {
  description = "Account on all nodes, for which every node trusts every node; null takes the cluster's name."
  type        = string
  default     = null
}

variable "front_end" {
  description = "The front-end: its flavor; the external network from which it gets a floating IP, none if null; cloud-config and files (path to content) of your own."
  type = object({
    flavor           = string
    external_network = optional(string)
    cloud_config     = optional(string)
    files            = optional(map(string), {})
  })
}

variable "groups" {
  description = "Worker groups by name; with Slurm each is a partition, with LoadLeveler a class. With count the number is yours, with scaling the scaler's, inside its bounds. gpus is the number of GPUs of a worker."
  type = map(object({
    flavor       = string
    count        = optional(number)
    scaling      = optional(object({ min = number, max = number, initial = optional(number) }))
    retire       = optional(set(string))
    gpus         = optional(number)
    image        = optional(string)
    cloud_config = optional(string)
  }))

  validation {
    condition     = alltrue([for group in var.groups : (group.count == null) != (group.scaling == null)])
    error_message = "Each group has either count or scaling."
  }
  validation {
    condition     = alltrue([for group in var.groups : group.scaling == null ? true : group.scaling.min <= group.scaling.max])
    error_message = "In scaling, min is at most max."
  }
}

variable "state_volume" {
  description = "Volume of yours, by name or ID, on which the batch system's state outlives the front-end."
  type        = string
  default     = null
}

variable "drain_timeout" {
  description = "How long a worker that leaves may finish its jobs."
  type        = string
  default     = "2h"
}
