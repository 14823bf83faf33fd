#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server that has many names and misbehaves differently under each: the Web Key Directory of people who are better not believed.

usage: wkd_web.py DIR HOST CERTIFICATE ADDRESS...
Listens on port 443 of HOST; behind it port 80 serves DIR/keys in clear. Each ADDRESS (bob@drip.test) is served from DIR/keys/ADDRESS in the
manner that the first word of its domain names; certificate and key are in one file. The requests are written to DIR/requests.
"""
import http.server
import os
import ssl
import sys
import threading
import time

DIR, HOST, CERTIFICATE = sys.argv[1:4]
PEOPLE = {address.split("@")[1]: address for address in sys.argv[4:]}


class Handler(http.server.BaseHTTPRequestHandler):
    def say(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, body):
        """A byte now and then: never silent, never ready."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.2)

    def do_GET(self):
        host = self.headers["Host"].split(":")[0]
        domain = host.removeprefix("openpgpkey.")
        with open(os.path.join(DIR, "requests"), "a", encoding="ascii") as file:
            file.write(f"{host} {self.path}\n")
        with open(os.path.join(DIR, "keys", PEOPLE.get(domain, "none")), "rb") as file:
            key = file.read()
        manner = domain.split(".")[0]
        if manner == "drip":
            self.drip(key)
        elif manner == "late":
            time.sleep(3)
            self.say(200, key)
        elif manner == "huge":
            self.say(200, key + bytes(300 * 1024))
        elif manner == "broken":
            self.say(500, key)
        elif manner == "elsewhere":
            self.say(302, Location=f"https://openpgpkey.moved.test/elsewhere{self.path}")
        elif manner == "plain":
            self.say(302, Location=f"http://openpgpkey.plain.test/{PEOPLE[domain]}")
        elif manner == "file":
            self.say(302, Location=f"file://{DIR}/keys/{PEOPLE[domain]}")
        elif manner == "moved" and self.path.startswith("/elsewhere"):
            with open(os.path.join(DIR, "keys", PEOPLE["elsewhere.test"]), "rb") as file:
                self.say(200, file.read())
        elif manner == "moved" and not self.path.startswith("/new"):
            self.say(301, Location=f"/new{self.path}")
        else:
            self.say(200, key)

    def log_message(self, *_):
        pass


class Plain(Handler):
    def do_GET(self):
        with open(os.path.join(DIR, "requests"), "a", encoding="ascii") as file:
            file.write(f"in clear {self.path}\n")
        with open(os.path.join(DIR, "keys", os.path.basename(self.path)), "rb") as file:
            self.say(200, file.read())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


secure = Server((HOST, 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE)
secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=Server((HOST, 80), Plain).serve_forever, daemon=True).start()
print("ready", flush=True)
secure.serve_forever()
