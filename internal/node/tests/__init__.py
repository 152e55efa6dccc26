"""Tests of the node program.

A whole cluster runs here as directories: each node is a root directory, ssh and
the system's commands are small scripts in PATH, and the node program itself is
the real one, also on the far side of ssh.
"""
