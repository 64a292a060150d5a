"""Certificates of a test's own, made by openssl."""
import subprocess

SETTINGS = """
[ca]
default_ca = own
[own]
database = {name}.index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
certificate = {name}.pem
private_key = {name}.key
copy_extensions = copy
[any]
commonName = supplied
"""


class Authority:
    """A CA; its files lie in directory and bear its name."""

    def __init__(self, directory, name):
        self.dir = directory
        self.name = name
        self._openssl("req", "-x509", *self._key(name), "-subj", f"/CN={name}", "-days", "10", "-out", f"{name}.pem")
        (directory / f"{name}.index").touch()
        (directory / f"{name}.cnf").write_text(SETTINGS.format(name=name))

    @property
    def pem(self):
        return self.dir / f"{self.name}.pem"

    def issue(self, name, alternatives="DNS:localhost", begin="20200101000000Z", end="20490101000000Z"):
        """(certificate, key) for a server or a client."""
        wish = ["-addext", f"subjectAltName={alternatives}"] if alternatives else []
        self._openssl("req", "-new", *self._key(name), "-subj", f"/CN={name}", *wish, "-out", f"{name}.csr")
        self._openssl("ca", "-batch", "-notext", "-config", f"{self.name}.cnf", "-startdate", begin, "-enddate", end, "-in",
                      f"{name}.csr", "-out", f"{name}.pem")
        return self.dir / f"{name}.pem", self.dir / f"{name}.key"

    @staticmethod
    def _key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.dir, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
