import unittest

import requests

from emulator.testing import running


class TestSync(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = cls.enterClassContext(running(seed=7))

    def setUp(self):
        self.emulator.reset()

    def test_list(self):
        url = self.emulator.secoda.url + "/integration/integrations"
        reply = requests.get(url, headers=self.emulator.secoda.headers, timeout=5)
        assert reply.status_code == 200
