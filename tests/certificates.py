"""Certificates for tests, made by openssl: an authority, a broker on loopback, a client, and an authority of somebody else."""

import subprocess
from pathlib import Path


class Certificates:
    """Files in PEM: `ca`, `broker`, `client` (each of the last two with its `.key`), and `stranger`, another authority."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.stranger = self._authority("ca"), self._authority("stranger")
        self.broker, self.client = self._signed("broker"), self._signed("client")

    def key(self, certificate):
        return certificate.with_suffix(".key")

    def broker_settings(self, listener):
        """Return the settings of a listener of Kafka."""
        store = self.folder / "broker-store.pem"
        store.write_text(self.key(self.broker).read_text() + self.broker.read_text())
        settings = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": store,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca,
        }
        return {f"listener.name.{listener}.{key}": value for key, value in settings.items()}

    def _authority(self, name):
        made = self.folder / f"{name}.pem"
        self._run("req", "-x509", *self._new(made), "-days", "2", "-subj", f"/CN=made up {name}")
        return made

    def _signed(self, name):
        made, request, more = (self.folder / f"{name}.{end}" for end in ("pem", "csr", "ext"))
        more.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self._run("req", *self._new(made, request), "-subj", f"/CN={name}")
        authority = ("-CA", self.ca, "-CAkey", self.key(self.ca), "-CAcreateserial")
        self._run("x509", "-req", "-in", request, *authority, "-days", "2", "-extfile", more, "-out", made)
        return made

    def _new(self, made, out=None):
        return ("-newkey", "rsa:2048", "-nodes", "-keyout", self.key(made), "-out", out or made)

    def _run(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)
