# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the demo's people, made with gpg and openssl, and what those two programs make with them.

Everything is made "two years ago" (gpg's own faked time, faketime for openssl), so that old mail can carry old signatures.
"""
import os
import pathlib
import subprocess

PGP = {"alice": "Dr. Alice Moreno", "bob": "Bob Okafor", "erin": "Erin Walsh", "erin2": "Erin Walsh (private)"}
SMIME = {"alice": ("Dr. Alice Moreno", "rsa"), "carol": ("Dr. Carol Lindqvist", "rsa"), "erin": ("Erin Walsh", "ec"),
         "mallory": ("Mallory Quill", "ec")}
CA = "Demo Health CA (for tests)"


def run(*command, data=None):
    """Runs a program to its end; what it printed is shown only if it failed."""
    done = subprocess.run(command, input=data, capture_output=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC"))
    if done.returncode != 0:
        raise SystemExit(f"world: {command[0]} failed: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


class Keys:
    def __init__(self, directory, born):
        self.dir = pathlib.Path(directory)
        self.home = self.dir / "gnupg"
        self.home.mkdir(parents=True, mode=0o700)
        self.born = born

    # ---- OpenPGP
    def gpg(self, *args, when=None, data=None):
        faked = ["--faked-system-time", when.strftime("%Y%m%dT%H%M%S") + "!"] if when else []
        return run("gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", "--no-auto-key-locate",
                   "--trust-model", "always", "--no-emit-version", *faked, *args, data=data)

    def make_pgp(self):
        """One gpg makes all keys; the people's files are exported from its one home."""
        lines = []
        for person, name in PGP.items():
            lines += ["%no-protection", "Key-Type: EDDSA", "Key-Curve: ed25519", "Key-Usage: sign", "Subkey-Type: ECDH",
                      "Subkey-Curve: cv25519", "Subkey-Usage: encrypt", f"Name-Real: {name}",
                      f"Name-Email: {person}@demo.test", "Expire-Date: 0",
                      f"Creation-Date: {self.born.strftime('%Y%m%dT%H%M%S')}", "%commit"]
        self.gpg("--generate-key", data="\n".join(lines).encode())
        for person in PGP:
            address = f"{person}@demo.test"
            (self.dir / f"{person}.pgp.pub.asc").write_bytes(self.gpg("--armor", "--export", address))
            secret = self.dir / f"{person}.pgp.sec.asc"
            secret.touch(mode=0o600)
            secret.write_bytes(self.gpg("--armor", "--export-secret-keys", address))

    def fingerprint(self, person):
        for line in self.gpg("--with-colons", "--list-keys", f"{person}@demo.test").decode().splitlines():
            if line.startswith("fpr:"):
                return line.split(":")[9]
        raise SystemExit(f"world: gpg has no key of {person}")

    def pgp_sign(self, person, data, when):
        return self.gpg("--armor", "--digest-algo", "SHA256", "-u", f"{person}@demo.test", "--detach-sign", when=when, data=data)

    def pgp_encrypt(self, person, readers, data, when):
        recipients = [word for reader in readers for word in ("-r", f"{reader}@demo.test")]
        return self.gpg("--armor", "--digest-algo", "SHA256", "-u", f"{person}@demo.test", "--sign", "--encrypt", *recipients,
                        when=when, data=data)

    # ---- S/MIME
    def openssl(self, *args, when=None, data=None):
        faked = ["faketime", "-f", (when or self.born).strftime("%Y-%m-%d %H:%M:%S")]
        return run(*faked, "openssl", *args, data=data)

    def path(self, name):
        return str(self.dir / name)

    def make_smime(self):
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.path("ca.key"))
        self.openssl("req", "-x509", "-new", "-key", self.path("ca.key"), "-sha256", "-days", "3650", "-subj", f"/CN={CA}",
                     "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                     "-out", self.path("ca.pem"))
        for serial, (person, (name, kind)) in enumerate(SMIME.items(), 4096):
            self.make_certificate(person, name, kind, serial)

    def make_certificate(self, person, name, kind, serial):
        key, request, extensions = self.path(f"{person}.smime.key"), self.path("request"), self.path("extensions")
        algorithm = (["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa"
                     else ["EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        run("openssl", "genpkey", "-algorithm", *algorithm, "-out", key)
        os.chmod(key, 0o600)
        usage = "digitalSignature,keyEncipherment" if kind == "rsa" else "digitalSignature,keyAgreement"
        pathlib.Path(extensions).write_text(
            f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,{usage}\nextendedKeyUsage=emailProtection\n"
            f"subjectAltName=email:{person}@demo.test\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
            encoding="ascii")
        run("openssl", "req", "-new", "-key", key, "-subj", f"/O=Demo Hospital/CN={name}", "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                     "-set_serial", str(serial), "-sha256", "-days", "3600", "-extfile", extensions,
                     "-out", self.path(f"{person}.smime.pem"))
        os.unlink(request)
        os.unlink(extensions)

    def smime_sign(self, person, data, when):
        """The detached signature, DER."""
        return self.openssl("cms", "-sign", "-binary", "-md", "sha256", "-signer", self.path(f"{person}.smime.pem"),
                            "-inkey", self.path(f"{person}.smime.key"), "-outform", "DER", when=when, data=data)

    def smime_encrypt(self, readers, data, when, cipher):
        return self.openssl("cms", "-encrypt", "-binary", "-" + cipher, "-outform", "DER",
                            *[self.path(f"{reader}.smime.pem") for reader in readers], when=when, data=data)

    def close(self):
        run("gpgconf", "--homedir", str(self.home), "--kill", "all")
