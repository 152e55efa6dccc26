"""The system's addresses."""

import socket
import unittest

from .. import system


class OwnAddress(unittest.TestCase):
    """A node without a way to the metadata service's IPv4 address."""

    IPV4 = "2: eth0    inet 10.9.0.4/24 brd 10.9.0.255 scope global eth0\\       valid_lft forever\n"
    IPV6 = "2: eth0    inet6 2001:db8::4/64 scope global \\       valid_lft forever\n"

    def test_without_a_route(self):
        real_run, real_socket = system.run, socket.socket
        self.addCleanup(lambda: (setattr(system, "run", real_run), setattr(socket, "socket", real_socket)))
        said = []

        class Unreachable:
            def __init__(self, family, _kind):
                self.family = family

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def connect(self, towards):
                if self.family == socket.AF_INET or not said:
                    raise OSError(101, "Network is unreachable")

            def getsockname(self):
                return (said[0], 1, 0, 0)
        socket.socket = Unreachable
        for text, want in [(self.IPV4, "10.9.0.4"), (self.IPV6, "2001:db8::4"), (self.IPV6 + self.IPV4, "10.9.0.4")]:
            system.run = lambda *_, text=text: text
            self.assertEqual(system.own_address(), want)
        system.run = lambda *_: ""
        with self.assertRaisesRegex(system.Failure, "own address"):
            system.own_address()
        said.append("2001:db8::5")
        self.assertEqual(system.own_address("2001:db8::1"), "2001:db8::5")
