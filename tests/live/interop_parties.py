# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parties of the interoperability test: keys of every kind, and the programs that use them, each with a home of its own."""
import json
import os
import pathlib
import subprocess

# kind: openssl's words for it, gpg's for the primary key and the subkey
KINDS = {
    "RSA-2048": (["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["Key-Type: RSA", "Key-Length: 2048"], ["Subkey-Type: RSA", "Subkey-Length: 2048"]),
    "RSA-3072": (["RSA", "-pkeyopt", "rsa_keygen_bits:3072"], ["Key-Type: RSA", "Key-Length: 3072"], ["Subkey-Type: RSA", "Subkey-Length: 3072"]),
    "RSA-4096": (["RSA", "-pkeyopt", "rsa_keygen_bits:4096"], ["Key-Type: RSA", "Key-Length: 4096"], ["Subkey-Type: RSA", "Subkey-Length: 4096"]),
    "P-256": (["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["Key-Type: ECDSA", "Key-Curve: nistp256"], ["Subkey-Type: ECDH", "Subkey-Curve: nistp256"]),
    "P-384": (["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["Key-Type: ECDSA", "Key-Curve: nistp384"], ["Subkey-Type: ECDH", "Subkey-Curve: nistp384"]),
    "25519": (None, ["Key-Type: EDDSA", "Key-Curve: ed25519"], ["Subkey-Type: ECDH", "Subkey-Curve: cv25519"]),
}
SMIME_KINDS = [kind for kind, (words, _, _) in KINDS.items() if words is not None]
MANY = 50
PASSPHRASE = b"no secret\n"


class Failed(Exception):
    """A program ended with an error; what it said stands in the text."""


def run(*command, data=None, env=None):
    done = subprocess.run(command, input=data, capture_output=True, check=False, env=dict(os.environ, **(env or {})))
    if done.returncode != 0:
        raise Failed(f"{command[0]}: exit {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()[-400:]}")
    return done.stdout


def label(kind):
    return kind.lower().replace("-", "")


class Certificates:
    """An authority and its people, made by openssl. NAME.crt, NAME.key; the address is NAME@interop.test."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("ca.key"), "-out", self.path("ca.crt"), "-days", "30",
            "-subj", "/CN=Interop CA", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def path(self, name):
        return str(self.folder / name)

    def make(self, name, kind):
        agreed = "keyEncipherment" if kind.startswith("RSA") else "keyAgreement"
        pathlib.Path(self.path("extensions")).write_text(
            f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,{agreed}\nextendedKeyUsage=emailProtection\n"
            f"subjectAltName=email:{name}@interop.test\n", encoding="ascii")
        run("openssl", "genpkey", "-algorithm", *KINDS[kind][0], "-out", self.path(name + ".key"))
        run("openssl", "req", "-new", "-key", self.path(name + ".key"), "-subj", f"/CN={name}", "-out", self.path("request"))
        run("openssl", "x509", "-req", "-in", self.path("request"), "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
            "-sha256", "-days", "20", "-extfile", self.path("extensions"), "-out", self.path(name + ".crt"))

    def serial(self, name):
        return int(run("openssl", "x509", "-in", self.path(name + ".crt"), "-noout", "-serial").split(b"=")[1], 16)


class Gpg:
    """A gpg with a home of its own that holds the secret keys of everybody."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700)

    def __call__(self, *args, data=None):
        return run("gpg", "--homedir", str(self.folder), "--batch", "--no-tty", "--quiet", "--trust-model", "always", *args, data=data)

    def make(self, names_and_kinds):
        lines = []
        for name, kind in names_and_kinds:
            _, key, subkey = KINDS[kind]
            lines += ["%no-protection", *key, "Key-Usage: sign", *subkey, "Subkey-Usage: encrypt", f"Name-Real: {name}",
                      f"Name-Email: {name}@interop.test", "Expire-Date: 0", "%commit"]
        self("--generate-key", data="\n".join(lines).encode())

    def export(self, names, path, secret=False):
        who = [f"{name}@interop.test" for name in ([names] if isinstance(names, str) else names)]
        pathlib.Path(path).write_bytes(self("--armor", "--export-secret-keys" if secret else "--export", *who))
        return path

    def subkey(self, name):
        for line in self("--with-colons", "--list-keys", f"{name}@interop.test").decode().splitlines():
            if line.startswith("sub:"):
                return line.split(":")[4]
        raise Failed(f"gpg: {name} has no subkey")

    def recipients(self, message):
        listed = run("gpg", "--homedir", str(self.folder), "--batch", "--list-packets", "--list-only", data=message).decode("utf-8", "replace")
        return sorted(line.split("keyid ")[1].strip() for line in listed.splitlines() if line.startswith(":pubkey enc packet:"))

    def close(self):
        run("gpgconf", "--homedir", str(self.folder), "--kill", "all")


class Gpgsm:
    """A gpgsm that has one person's certificate and key."""

    def __init__(self, folder, certificates, name):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700)
        fingerprint = run("openssl", "x509", "-in", certificates.path("ca.crt"), "-noout", "-fingerprint", "-sha1").decode().split("=")[1].strip()
        (self.folder / "trustlist.txt").write_text(fingerprint + " S relax\n", encoding="ascii")
        (self.folder / "gpg-agent.conf").write_text("allow-loopback-pinentry\n", encoding="ascii")
        self("--import", certificates.path("ca.crt"))
        for left in reversed(range(5)):
            try:
                self.take(certificates, name)
                break
            except Failed:
                if left == 0:
                    raise

    def take(self, certificates, name):
        """About one PKCS#12 file in sixty gpgsm 2.2.40 cannot decrypt, because of its salts: the next one has others."""
        container = run("openssl", "pkcs12", "-export", "-in", certificates.path(name + ".crt"), "-inkey", certificates.path(name + ".key"),
                        "-passout", "stdin", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", data=PASSPHRASE)
        path = self.folder / "container.p12"
        path.write_bytes(container)
        self("--import", str(path), data=PASSPHRASE)

    def command(self, *args):
        return ["gpgsm", "--homedir", str(self.folder), "--batch", "--no-tty", "--quiet", "--disable-crl-checks", "--disable-dirmngr",
                "--pinentry-mode", "loopback", *args]

    def __call__(self, *args, data=None):
        """Where the standard input is the passphrase, the message is a file."""
        return run(*self.command(*(["--passphrase-fd", "0"] if data == PASSPHRASE else []), *args), data=data)

    def decrypt(self, path):
        """It ends with 2 whenever the message is for somebody else, too. What counts is its status."""
        done = subprocess.run(self.command("--status-fd", "2", "--passphrase-fd", "0", "--decrypt", path), input=PASSPHRASE, capture_output=True, check=False)
        if b"DECRYPTION_OKAY" not in done.stderr:
            raise Failed(done.stderr.decode("utf-8", "replace"))
        return done.stdout

    def close(self):
        run("gpgconf", "--homedir", str(self.folder), "--kill", "all")


class Wardmail:
    """A profile, whose owner has one address."""

    def __init__(self, program, folder, name):
        self.program, self.folder, self.name = program, str(folder), name
        self("setup", "--name", name, "--address", f"{name}@interop.test", "--at-rest", "none", "--factor", "none")

    def __call__(self, *args, data=b""):
        return run(self.program, "--profile", self.folder, *args, data=data)

    def send(self, recipients, body, sender=None):
        """One copy is expected; its bytes."""
        out = pathlib.Path(self.folder) / "out"
        for old in out.glob("*") if out.is_dir() else []:
            old.unlink()
        out.mkdir(exist_ok=True)
        said = json.loads(self("send", "--json", "--out", str(out), "--from", f"{sender or self.name}@interop.test", "--subject", "Interop " + body[:9],
                               *[word for each in recipients for word in ("--to", f"{each}@interop.test")], data=body.encode()))
        if len(said["copies"]) != 1:
            raise Failed(f"wardmail: {len(said['copies'])} copies")
        return pathlib.Path(said["copies"][0]["file"]).read_bytes()

    def show(self, message):
        return json.loads(self("show", "--json", "-", data=message))
