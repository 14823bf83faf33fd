#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads what whom writes: wardmail on one side, gpg, gpgsm and openssl on the other, for every kind of key and form of message.

    interop.py PROGRAM FOLDER TABLE     PROGRAM: wardmail; FOLDER: an empty one; TABLE: docs/INTEROP.md

Each line of the table is tried, in the order of the table. "yes" must work, "no" must fail with the words that the table quotes, so that
the page cannot grow old unseen: a peer that learns something, or loses it, ends the test. A combination that is tried and not in the table
ends it, too."""
import base64
import email
import email.policy
import itertools
import json
import pathlib
import re
import sys

from interop_parties import KINDS, MANY, PASSPHRASE, SMIME_KINDS, Certificates, Failed, Gpg, Gpgsm, Wardmail, label, run

COUNT = itertools.count(1)
BODY = "Interop says: the dose is 5 mg, für Grüße."
CRLF_PART = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{BODY}\r\n".encode()


def base64_lines(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def header(sender, recipients, subject="Interop"):
    to = ",\r\n ".join(f"{each}@interop.test" for each in recipients)
    return (f"From: {sender}@interop.test\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n"
            f"Message-ID: <{next(COUNT)}.{sender}@interop.test>\r\nMIME-Version: 1.0\r\n").encode()


def part_pkcs7(der, kind):
    return (f"Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n").encode() + base64_lines(der)


def part_signed(content, protocol, micalg, kind, signature):
    return (f"Content-Type: multipart/signed; protocol=\"{protocol}\"; micalg={micalg}; boundary=bb\r\n\r\n--bb\r\n".encode() + content
            + f"\r\n--bb\r\nContent-Type: {kind}\r\n".encode() + signature + b"\r\n--bb--\r\n")


def part_pgp_encrypted(armor):
    return (b"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=ee\r\n\r\n--ee\r\n"
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--ee\r\nContent-Type: application/octet-stream\r\n\r\n"
            + armor.replace(b"\n", b"\r\n") + b"\r\n--ee--\r\n")


def must(condition, words):
    if not condition:
        raise Failed(words)


def text_of(entity):
    """The text of a MIME entity of one part."""
    return email.message_from_bytes(entity, policy=email.policy.default).get_content().replace("\r\n", "\n")


def split_message(message):
    """Of a message: its body, decoded if it is base64."""
    head, body = message.replace(b"\r\n", b"\n").split(b"\n\n", 1)
    return base64.b64decode(body) if b"base64" in head else body


def split_signed(message):
    """Of a multipart/signed: the exact bytes that are signed, and the signature, decoded."""
    boundary = re.search(rb'boundary="?([^"\r\n;]+)', message).group(1)
    parts = message.split(b"--" + boundary)
    return parts[1][2:-2], split_message(parts[2].strip())


class Interop:
    """Everybody at work. For each kind of key there is a wardmail ("ward…", with a certificate and an OpenPGP key of that kind) and a peer with a
    certificate ("smime…") and one with an OpenPGP key ("pgp…"), and for the kinds of the crowd 49 more of both."""

    def __init__(self, program, folder):
        self.folder = pathlib.Path(folder)
        self.certificates, self.gpg = Certificates(self.folder / "x"), Gpg(self.folder / "g")
        self.gpgsm, self.ward, self.told = {}, {}, set()
        self.crowd = {kind: [f"crowd{kind}{i}".lower() for i in range(MANY - 1)] for kind in ("smime", "pgp")}
        for kind in SMIME_KINDS:
            self.certificates.make("ward" + label(kind), kind)
            self.certificates.make("smime" + label(kind), kind)
        for name in self.crowd["smime"]:
            self.certificates.make(name, "P-256")
        self.gpg.make([(side + label(kind), kind) for kind in KINDS for side in ("ward", "pgp")] + [(name, "25519") for name in self.crowd["pgp"]])
        for kind in KINDS:
            self.ward[kind] = self.profile(program, kind)
        self.other = self.peer_profile(program)

    def profile(self, program, kind):
        key, name = label(kind), "ward" + label(kind)
        ward = Wardmail(program, self.folder / name, name)
        files = [self.gpg.export(name, self.folder / "secret.asc", secret=True), self.gpg.export("pgp" + key, self.folder / "public.asc")]
        ward("ca", "import", self.certificates.path("ca.crt"))
        if kind in SMIME_KINDS:
            files += [self.certificates.path(f"{name}.crt"), self.certificates.path(f"{name}.key"), self.certificates.path(f"smime{key}.crt")]
            files += [self.certificates.path(f"smime{label(SMIME_KINDS[0])}.crt")]
        if kind == "P-256":
            files += [self.certificates.path(f"{each}.crt") for each in self.crowd["smime"]]
        if kind == "25519":
            files += [self.gpg.export(self.crowd["pgp"], self.folder / "crowd.asc")]
        ward("key", "import", *map(str, files))
        for each in json.loads(ward("key", "list", "--json")):
            if each["protocol"] == "pgp" and each["address"] == f"pgp{key}@interop.test":
                ward("key", "trust", each["fingerprint"])
        return ward

    def peer_profile(self, program):
        """Another wardmail, with the certificates and keys of all peers."""
        ward = Wardmail(program, self.folder / "other", "other")
        ward("ca", "import", self.certificates.path("ca.crt"))
        ward("key", "import", *[self.certificates.path(f"{side}{label(kind)}.{end}") for kind in SMIME_KINDS
                                for side, end in (("smime", "crt"), ("smime", "key"), ("ward", "crt"))])
        return ward

    def close(self):
        for each in [self.gpg, *self.gpgsm.values()]:
            each.close()

    # ---- the peers at reading

    def printed(self, message):
        path = self.folder / "printed"
        path.write_bytes(message)
        return run("openssl", "cms", "-cmsout", "-print", "-in", str(path)).decode("utf-8", "replace")

    def openssl_opens(self, message, name):
        """What is inside of an S/MIME message for NAME, and by whom it is signed."""
        inner, signer, path = self.folder / "inner", self.folder / "signer", self.folder / "message"
        path.write_bytes(message)
        inner.write_bytes(run("openssl", "cms", "-decrypt", "-in", str(path), "-recip", self.certificates.path(name + ".crt"), "-inkey", self.certificates.path(name + ".key")))
        clear = run("openssl", "cms", "-verify", "-in", str(inner), "-CAfile", self.certificates.path("ca.crt"), "-signer", str(signer))
        return clear, run("openssl", "x509", "-in", str(signer), "-noout", "-email").decode().strip()

    def gpgsm_of(self, kind):
        if kind not in self.gpgsm:
            folder = self.folder / f"s{label(kind)}{len(list(self.folder.glob('s*')))}"
            self.gpgsm[kind] = Gpgsm(folder, self.certificates, "smime" + label(kind))
        return self.gpgsm[kind]

    def gpgsm_opens(self, message, kind):
        peer = self.gpgsm_of(kind)
        (self.folder / "enveloped").write_bytes(split_message(message))
        content, signature = split_signed(peer.decrypt(str(self.folder / "enveloped")))
        (self.folder / "content").write_bytes(content)
        (self.folder / "signature").write_bytes(signature)
        peer("--verify", str(self.folder / "signature"), str(self.folder / "content"))
        return content

    def gpg_opens(self, message, sender):
        status = self.folder / "status"
        clear = self.gpg("--yes", "--status-file", str(status), "--decrypt", data=message[message.index(b"-----BEGIN"):])
        good = [line for line in status.read_text(encoding="utf-8").splitlines() if " GOODSIG " in line]
        must(good and f"{sender}@" in good[0], "it finds no good signature")
        return clear

    # ---- wardmail writes

    def must_name(self, message, names):
        """The recipient infos, listed by openssl, are those of these people, each once."""
        listed = self.printed(message)
        got = sorted([int(each) for each in re.findall(r"serialNumber: (\d+)$", listed, re.M)] + [int(each, 16) for each in re.findall(r"serialNumber: 0x([0-9A-F]+)$", listed, re.M)])
        must(got == sorted(self.certificates.serial(name) for name in names), f"it names {len(got)} recipients, not exactly the {len(names)} it should")

    def written_smime(self, kind, form):
        """To the peer of this kind, who has told what he can read for GCM, and nothing for CBC."""
        key = label(kind)
        if form.startswith("GCM") and kind not in self.told:
            self.told.add(kind)
            must(self.ward[kind].show(self.other.send(["ward" + key], BODY, sender="smime" + key))["signature"]["state"] == "good", "what the peer announces is not believed")
        message = self.ward[kind].send(["smime" + key], BODY)
        listed = self.printed(message)
        must(("aes-256-gcm" if form.startswith("GCM") else "aes-256-cbc") in listed, "it has another cipher")
        own = 1 if kind.startswith("RSA") else 0 # wardmail always reads it
        must(listed.count("rsaesOaep") == own + (1 if "OAEP" in form else 0), "it has another key transport")
        self.must_name(message, ["ward" + key, "smime" + key])
        return message

    def to_openssl(self, kind, form):
        clear, signer = self.openssl_opens(self.written_smime(kind, form), "smime" + label(kind))
        must(BODY in text_of(clear) and signer == f"ward{label(kind)}@interop.test", "it reads something else")

    def to_gpgsm(self, kind, form):
        must(BODY in text_of(self.gpgsm_opens(self.written_smime(kind, form), kind)), "it reads something else")

    def to_gpgsm_signed(self, kind, form):
        """To somebody else, as there is no gpgsm with a key of this kind."""
        message = self.ward[kind].send(["smime" + label(SMIME_KINDS[0])], BODY)
        must(BODY in text_of(self.gpgsm_opens(message, SMIME_KINDS[0])), "it reads something else")

    def to_wardmail(self, kind, form):
        view = self.other.show(self.written_smime(kind, form))
        must(view["signature"]["state"] == "good" and view["encryption"]["covers"] == "whole" and BODY in view["text_body"], f"it says {view['signature']}")

    def to_gpg(self, kind, form):
        key = label(kind)
        message = self.ward[kind].send(["pgp" + key], BODY)
        must(BODY in text_of(self.gpg_opens(message, "ward" + key)), "it reads something else")
        self.must_name_keys(message, ["ward" + key, "pgp" + key])

    def must_name_keys(self, message, names):
        got = self.gpg.recipients(message[message.index(b"-----BEGIN"):])
        must(got == sorted(self.gpg.subkey(name) for name in names), f"it names {len(got)} keys, not exactly the {len(names)} it should")

    def to_openssl_many(self, kind, form):
        people = ["smime" + label(kind)] + self.crowd["smime"][:int(form.split()[0]) - 1]
        message = self.ward[kind].send(people, BODY)
        self.must_name(message, people + ["ward" + label(kind)])
        for each in {people[0], people[-1]}:
            must(BODY in text_of(self.openssl_opens(message, each)[0]), f"{each} reads something else")

    def to_gpg_many(self, kind, form):
        people = ["pgp" + label(kind)] + self.crowd["pgp"][:int(form.split()[0]) - 1]
        message = self.ward[kind].send(people, BODY)
        self.must_name_keys(message, people + ["ward" + label(kind)])
        must(BODY in text_of(self.gpg_opens(message, "ward" + label(kind))), "it reads something else")

    # ---- wardmail reads

    def reads(self, kind, sender, part, signed, encrypted, others=()):
        """The mail of SENDER is shown, and said to be what it is."""
        view = self.ward[kind].show(header(sender, ["ward" + label(kind), *others]) + part)
        state, covers = view["signature"]["state"], view["encryption"]["covers"]
        must(state == ("good" if signed else "none"), f"the signature is {state}")
        must(not signed or view["signature"]["covers"] == "whole", "the signature does not cover the whole")
        must(covers == ("whole" if encrypted else "nothing") and view["encryption"]["decrypted"] == encrypted, f"the encryption is {view['encryption']}")
        must(BODY in view["text_body"], "the text is not shown")

    def openssl_signs(self, kind, content, options=()):
        name = "smime" + label(kind)
        return run("openssl", "cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER", "-signer", self.certificates.path(name + ".crt"),
                   "-inkey", self.certificates.path(name + ".key"), *options, data=content)

    def openssl_encrypts(self, people, content, form):
        options = ["-aes-256-gcm" if "GCM" in form else "-aes-128-cbc" if "128" in form else "-aes-256-cbc"]
        for each in people:
            options += ["-recip", self.certificates.path(each + ".crt")]
            if "OAEP" in form:
                options += ["-keyopt", "rsa_padding_mode:oaep"] + (["-keyopt", "rsa_oaep_md:sha256"] if "SHA-256" in form else [])
        return part_pkcs7(run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", *options, data=content),
                          "authEnveloped-data" if "GCM" in form else "enveloped-data")

    def smime_signed(self, signature):
        return part_signed(CRLF_PART, "application/pkcs7-signature", "sha-256", "application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n",
                           b"\r\n" + base64_lines(signature))

    def from_openssl(self, kind, form):
        pss = ["-keyopt", "rsa_padding_mode:pss"] if "PSS" in form else []
        part, signed, encrypted = CRLF_PART, "sign" in form, "encrypt" in form
        if "opaque" in form:
            part = part_pkcs7(self.openssl_signs(kind, part, ["-nodetach", *pss]), "signed-data")
        elif signed:
            part = self.smime_signed(self.openssl_signs(kind, part, pss))
        if encrypted:
            part = self.openssl_encrypts(["ward" + label(kind)], part, form)
        self.reads(kind, "smime" + label(kind), part, signed, encrypted)

    def from_openssl_many(self, kind, form):
        others = self.crowd["smime"][:int(form.split()[0]) - 1]
        part = self.openssl_encrypts([*others, "ward" + label(kind)], self.smime_signed(self.openssl_signs(kind, CRLF_PART)), "CBC")
        self.reads(kind, "smime" + label(kind), part, True, True, others)

    def from_gpgsm(self, kind, form):
        writer = kind if "sign" in form else SMIME_KINDS[0] # who only encrypts needs no key of the recipient's kind
        peer, name, part = self.gpgsm_of(writer), "smime" + label(writer), CRLF_PART
        data = self.folder / "data"
        if "sign" in form:
            data.write_bytes(part)
            part = self.smime_signed(peer("--local-user", f"{name}@interop.test", "--detach-sign", str(data), data=PASSPHRASE))
        if "encrypt" in form:
            peer("--import", self.certificates.path("ward" + label(kind) + ".crt"))
            part = part_pkcs7(peer("--recipient", f"ward{label(kind)}@interop.test", "--encrypt", data=part), "enveloped-data")
        self.reads(kind, name, part, "sign" in form, "encrypt" in form)

    def from_gpg(self, kind, form, others=()):
        name, ward, part = "pgp" + label(kind), "ward" + label(kind), CRLF_PART
        if "encrypt" in form:
            who = [word for each in (ward, *others) for word in ("--recipient", f"{each}@interop.test")]
            signing = ["--local-user", f"{name}@interop.test", "--sign"] if "sign" in form else []
            part = part_pgp_encrypted(self.gpg("--armor", *signing, *who, "--encrypt", data=part))
        else:
            digest = "SHA384" if kind == "P-384" else "SHA256"
            part = part_signed(part, "application/pgp-signature", f"pgp-{digest.lower()}", "application/pgp-signature\r\n",
                               b"\r\n" + self.gpg("--armor", "--digest-algo", digest, "--local-user", f"{name}@interop.test", "--detach-sign", data=part))
        self.reads(kind, name, part, "sign" in form, "encrypt" in form, others)

    def from_gpg_many(self, kind, form):
        self.from_gpg(kind, "sign and encrypt", self.crowd["pgp"][:int(form.split()[0]) - 1])

    def try_row(self, writer, reader, form, kind):
        other = "_many" if "recipients" in form else "_signed" if form == "to RSA-2048" else ""
        getattr(self, (f"to_{reader}" if writer == "wardmail" else f"from_{writer}") + other)(kind, form)


def rows(table):
    """Of the page: writer, reader, form, kind and what is expected, a row for each cell."""
    kinds = []
    for number, line in enumerate(pathlib.Path(table).read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if cells[:3] == ["writes", "reads", "form"]:
            kinds = cells[3:]
        elif len(cells) == len(kinds) + 3 and kinds and not cells[0].startswith("-"):
            yield from ((number, *cells[:3], kind, cell) for kind, cell in zip(kinds, cells[3:]) if cell != "")
        elif not cells:
            kinds = []


def reasons(table):
    """The footnotes of the page: what a failing program says."""
    return dict(re.findall(r"^- \*\*(\w)\*\*.*?`([^`]+)`", pathlib.Path(table).read_text(encoding="utf-8"), re.M))


def main(program, folder, table):
    interop, wrong, tried = Interop(program, folder), 0, 0
    notes = reasons(table)
    try:
        for number, writer, reader, form, kind, expected in rows(table):
            tried += 1
            try:
                interop.try_row(writer, reader, form, kind)
                result = ""
            except Failed as failed:
                result = str(failed)
            fine = result == "" if expected == "yes" else expected.startswith("no ") and result != "" and notes.get(expected[3:], "\0") in result
            if not fine:
                wrong += 1
                print(f"line {number}: {writer} to {reader}, {form}, {kind}: the page says {expected}, but: {result or 'it works'}")
    finally:
        interop.close()
    print(f"{tried} combinations, {wrong} not as the page says")
    return 1 if wrong or tried < 100 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
