cluster = "astro"

queue "program" {
  command     = ["/usr/local/bin/gridengine.py"]
  actions     = ["drain", "undrain", "forget"]
  environment = ["SGE_*"]
}

policy {
  idle_after = "5m"
}
