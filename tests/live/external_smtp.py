#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A submission server that signs in by client certificate alone (AUTH EXTERNAL, RFC 4422), which Postfix does not offer.

usage: external_smtp.py CERT KEY CLIENT-CA PORT LOG
Takes whom the certificate's common name names, and nobody without one. Writes down who signed in, and whether TLS was taken up again.
"""
import base64
import socketserver
import ssl
import sys

CERT, KEY, CLIENT_CA, PORT, LOG = sys.argv[1:]
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(CERT, KEY)
TLS.load_verify_locations(CLIENT_CA)
TLS.verify_mode = ssl.CERT_REQUIRED


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            self.request = TLS.wrap_socket(self.request, server_side=True)
            self.talk()
        except (OSError, ssl.SSLError, ValueError) as problem:
            self.note(f"broken {problem}")

    def note(self, text):
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(text + "\n")

    def talk(self):
        names = dict(pair for group in self.request.getpeercert()["subject"] for pair in group)
        lines = self.request.makefile("rwb", buffering=0)
        lines.write(b"220 mail.x.test ESMTP\r\n")
        while line := lines.readline(4096):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "EHLO":
                lines.write(b"250-mail.x.test\r\n250 AUTH EXTERNAL\r\n")
            elif verb.upper() == "AUTH":
                mechanism, _, initial = rest.partition(" ")
                user = "" if initial == "=" else base64.b64decode(initial).decode()
                fine = mechanism == "EXTERNAL" and user in ("", names["commonName"])
                self.note(f"{'in' if fine else 'out'} {user} {'again' if self.request.session_reused else 'first'}")
                lines.write(b"235 2.7.0 ok\r\n" if fine else b"535 5.7.8 no\r\n")
            elif verb.upper() == "QUIT":
                lines.write(b"221 bye\r\n")
                self.request.unwrap()
                return
            else:
                lines.write(b"250 ok\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(PORT)), Session).serve_forever()
