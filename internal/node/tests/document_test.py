"""The cluster document."""

import base64
import json
import unittest
import zlib

from .. import document, system


class Document(unittest.TestCase):
    def test_decode_document(self):
        want = {"version": 1, "generation": 3, "id": "i"}
        text = base64.b64encode(zlib.compress(json.dumps(want).encode())).decode()
        meta = {"vmcluster_doc": "3 2", "vmcluster_doc_000": text[:20], "vmcluster_doc_001": text[20:], "other": "x"}
        self.assertEqual(document.decode(meta), want)
        self.assertIsNone(document.decode({}))
        for change in ({"vmcluster_doc": "4 2"}, {"vmcluster_doc": "3 3"}, {"vmcluster_doc": "x"}, {"vmcluster_doc_001": "!"}):
            with self.assertRaises(system.Failure):
                document.decode(dict(meta, **change))
