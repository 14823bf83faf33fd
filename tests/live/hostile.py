#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mails that would like something to be fetched, started or written when they are read.

       hostile.py DIR

DIR/alice and DIR/mallory are GNUPGHOMEs with alice@x.test's and mallory@evil.test's keys, DIR/alice.pem and DIR/mallory.pem certificates with
their keys beside them. Writes DIR/mails/*.eml. Every place that they name is PLACE, which answers to nobody.
"""
import base64
import pathlib
import subprocess
import sys

top = pathlib.Path(sys.argv[1])
PLACE = "http://127.0.0.1:9/beacon"
HEAD = "From: Mallory <mallory@evil.test>\nTo: alice@x.test\nSubject: {}\nMessage-ID: <{}@evil.test>\nDate: Mon, 02 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n"
(top / "mails").mkdir()


def mail(name, rest, head=""):
    text = HEAD.format(name, name) + head
    (top / "mails" / f"{name}.eml").write_bytes(text.encode() + (rest if isinstance(rest, bytes) else rest.encode()))


def run(*words, give=b""):
    return subprocess.run(words, input=give, capture_output=True, check=True).stdout


def gpg(home, *words, give=b""):
    return run("gpg", "--homedir", str(top / home), "--batch", "--quiet", "--trust-model", "always", *words, give=give)


HTML = f"""<!DOCTYPE html SYSTEM "{PLACE}.dtd" [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<?xml-stylesheet href="{PLACE}.xsl"?><html><head><base href="{PLACE}/"><meta http-equiv=refresh content="0;url={PLACE}">
<link rel=stylesheet href="{PLACE}.css"><link rel=prefetch href="{PLACE}"><link rel=dns-prefetch href="//beacon.evil.test">
<style>@import url({PLACE}.css);@font-face{{font-family:f;src:url({PLACE}.woff)}}body{{background:url({PLACE}.png)}}</style>
<script src="{PLACE}.js">fetch('{PLACE}')</script></head><body background="{PLACE}.png" onload="fetch('{PLACE}')">&e;
<img src="{PLACE}.png" srcset="{PLACE}-2.png 2x"><img src="file:///etc/passwd"><img src="//beacon.evil.test/x"><img src="\\\\evil.test\\share\\x">
<iframe src="{PLACE}"></iframe><object data="{PLACE}"></object><embed src="{PLACE}"><video src="{PLACE}" poster="{PLACE}"></video>
<svg><image href="{PLACE}"/><use xlink:href="{PLACE}#x"/></svg><math href="{PLACE}"><table background="{PLACE}"><tr><td>cell</table>
<form action="{PLACE}"><input type=image src="{PLACE}"><button>b</button></form><p style="background:url({PLACE})">text</p>
<a href="{PLACE}" ping="{PLACE}">link</a></body></html>
"""
mail("html", HTML, "Content-Type: text/html; charset=utf-8\n\n")
mail("related", f"""--b
Content-Type: text/html
Content-Location: {PLACE}

<img src="cid:x"><img src="x.png">
--b
Content-Type: image/png
Content-ID: <x>
Content-Location: {PLACE}.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
""", f'Content-Type: multipart/related; boundary=b; type="text/html"\nContent-Base: {PLACE}\n\n')
mail("external", "".join(f"""--b
Content-Type: message/external-body; {access}

Content-Type: text/plain

phantom
""" for access in (f'access-type=URL; URL="{PLACE}"', "access-type=local-file; name=/etc/passwd",
                   'access-type=anon-ftp; site="127.0.0.1"; name=x; directory=pub', 'access-type=mail-server; server="mallory@evil.test"')) + "--b--\n",
     "Content-Type: multipart/mixed; boundary=b\n\n")
mail("names", "".join(f"""--b
Content-Type: application/octet-stream; name="{name}"
Content-Disposition: attachment; filename="{name}"

x
""" for name in ("../../../../../../../tmp/evil", "/tmp/evil", "~/.profile", "|touch /tmp/evil", "$(touch /tmp/evil)", "a\x01\x1b]0;x\x07b", "x" * 3000, "..")) + "--b--\n",
     "Content-Type: multipart/mixed; boundary=b\n\n")
mail("uuencode", "\nbegin 644 /tmp/evil\n#86)C\n`\nend\n\nbegin-base64 755 ../../tmp/evil\nYWJj\n====\n", "Content-Type: text/plain\n")
mail("answers", "Please answer.\n", f"""Disposition-Notification-To: mallory@evil.test
Disposition-Notification-Options: x=required,y
Return-Receipt-To: mallory@evil.test
List-Unsubscribe: <{PLACE}>, <mailto:mallory@evil.test>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
X-Face-URL: {PLACE}
BIMI-Location: {PLACE}
OpenPGP: url={PLACE}; id=0123456789ABCDEF
Autocrypt: addr=mallory@evil.test; prefer-encrypt=mutual; keydata={base64.b64encode(gpg("mallory", "--export", "mallory@evil.test")).decode()}
Content-Type: text/plain

""")
mail("calendar", f"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:Meeting
DTSTART:20261121T100000Z
ATTACH:{PLACE}
URL:{PLACE}
BEGIN:VALARM
ACTION:PROCEDURE
ATTACH:file:///bin/sh
END:VALARM
END:VEVENT
END:VCALENDAR
""", "Content-Type: text/calendar; method=REQUEST\n\n")
mail("tnef", base64.encodebytes(b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00\x00\x00\x01\x00\x01\x00\x01" + b"\x02\x10\x80\x01\x00" + b"\xff" * 4),
     'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\n')
mail("deep", "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(300)) + "Content-Type: text/plain\n\nx\n")
mail("broken", b"Content-Type: multipart/signed; boundary\x00=\xff; micalg=\n\n--\xff\x1b$B\x80\n\nbegin 644 x\n", "")

SMIME = "Content-Type: application/pkcs7-mime; smime-type={}; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
part = f"Content-Type: text/html\n\n{HTML}".encode()
cms = ("openssl", "cms", "-binary", "-outform", "DER")
signed = run(*cms, "-sign", "-nodetach", "-signer", str(top / "mallory.pem"), "-inkey", str(top / "mallory.key"), give=part)
mail("smime-signed", base64.encodebytes(signed), SMIME.format("signed-data"))
for name, inner in (("smime-encrypted", part), ("smime-both", SMIME.format("signed-data").encode() + base64.encodebytes(signed))):
    mail(name, base64.encodebytes(run(*cms, "-encrypt", "-aes256", str(top / "alice.pem"), give=inner)), SMIME.format("enveloped-data"))


def pgp_mime(armor):
    return (b"--e\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--e\nContent-Type: application/octet-stream\n\n" + armor + b"\n--e--\n")


ENCRYPTED = 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e\n\n'
ask = ("--sig-keyserver-url", PLACE, "--sig-notation", f"preferred@evil.test={PLACE}", "--cert-notation", f"x@evil.test={PLACE}")
mail("pgp-encrypted", pgp_mime(gpg("mallory", "--armor", "--set-filename", "/tmp/evil", "-se", *ask, "-r", "alice@x.test", give=part)), ENCRYPTED)
mail("pgp-hidden", pgp_mime(gpg("mallory", "--armor", "-e", "-R", "alice@x.test", give=part)), ENCRYPTED)
mail("pgp-passphrase", pgp_mime(gpg("mallory", "--armor", "--pinentry-mode", "loopback", "--passphrase", "x", "-c", give=part)), ENCRYPTED)
mail("pgp-clear", gpg("mallory", "--clearsign", *ask, give=b"Hello.\n"), "Content-Type: text/plain\n\n")
mail("pgp-detached", b"--s\n" + part.replace(b"\n", b"\r\n") + b"\r\n--s\nContent-Type: application/pgp-signature\n\n"
     + gpg("mallory", "--armor", "-b", *ask, give=part.replace(b"\n", b"\r\n")) + b"\n--s--\n",
     'Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary=s\n\n')
mail("pgp-key", gpg("mallory", "--armor", "--export", "mallory@evil.test"), "Content-Type: application/pgp-keys\n\n")
