#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server of revocation lists that has its moods: serves the files of DIR on a free port of loopback, which it writes to DIR/port.

/hang takes the request and never answers; /away leads to a file of this machine. Each request is a line of DIR/requests.
"""
import functools
import http.server
import os
import sys

DIR = sys.argv[1]


class Handler(http.server.SimpleHTTPRequestHandler):
    def begin(self):
        with open(f"{DIR}/requests", "a", encoding="ascii") as log:
            log.write(f"{self.command} {self.path}\n")
        if self.path.startswith("/hang"):
            while self.rfile.read1(4096):  # until the other side gives up
                pass
            return False
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", f"file://{DIR}/other.crl")
            self.end_headers()
            return False
        return True

    def do_GET(self):
        if self.begin():
            super().do_GET()

    def do_POST(self):
        if self.begin():
            self.send_error(404)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=DIR))
server.daemon_threads = True
with open(f"{DIR}/port.new", "w", encoding="ascii") as file:
    file.write(f"{server.server_address[1]}\n")
os.rename(f"{DIR}/port.new", f"{DIR}/port")
server.serve_forever()
