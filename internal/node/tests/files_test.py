"""Files."""

import os
import stat
import tempfile
import unittest

from .. import files
from .harness import put


class Files(unittest.TestCase):
    def test_with_block(self):
        block = "# BEGIN vmcluster i\nx\n# END vmcluster i\n"
        for before, lines, after in [
            ("", ["x"], block),
            ("a\n", ["x"], "a\n" + block),
            ("a", ["x"], "a\n" + block),
            ("a\n" + block + "b\n", ["x"], "a\n" + block + "b\n"),
            ("a\n" + block + "b\n", [], "a\nb\n"),
            ("a\n# BEGIN vmcluster i\nb\n", ["x"], "a\n" + block + "b\n"),  # its end was lost
            ("# BEGIN vmcluster other\ny\n# END vmcluster other\n", ["x"],
             "# BEGIN vmcluster other\ny\n# END vmcluster other\n" + block),
            ("a\n", [], "a\n"),
        ]:
            self.assertEqual(files.with_block(before, "i", lines), after, (before, lines))

    def test_without_loopback(self):
        for before, after in [
            ("127.0.1.1 n.dom n\n", ""),
            ("127.0.0.1 localhost n\n", "127.0.0.1\tlocalhost\n"),
            ("::1 n localhost # x\n", "::1\tlocalhost\n"),
            ("127.0.0.1 localhost\n10.0.0.1 n\n", "127.0.0.1 localhost\n10.0.0.1 n\n"),
            ("# 127.0.1.1 n\n", "# 127.0.1.1 n\n"),
        ]:
            self.assertEqual(files.without_loopback(before, "n"), after)

    def test_atomic_write_keeps_mode(self):
        with tempfile.TemporaryDirectory() as root:
            saved, files.ROOT = files.ROOT, root
            self.addCleanup(lambda: setattr(files, "ROOT", saved))
            put(root + "/f", "old", 0o640)
            self.assertTrue(files.write("/f", "new"))
            self.assertFalse(files.write("/f", "new"))
            self.assertEqual(stat.S_IMODE(os.stat(root + "/f").st_mode), 0o640)
            self.assertEqual(os.listdir(root), ["f"])
