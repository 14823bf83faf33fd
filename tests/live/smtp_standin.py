#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small SMTP receiver for machines where Postfix cannot run (it needs root): TLS, AUTH, delivery to Dovecot by LMTP.

usage: smtp_standin.py DIR IMPLICIT-TLS-PORT STARTTLS-PORT
Takes mail for the people in DIR/passwords at demo.test, from those who signed in, over TLS. Loopback only.
"""
import base64
import smtplib
import socketserver
import ssl
import sys
import threading

DIR = sys.argv[1]
SIZE_MAX = 60_000_000
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(f"{DIR}/tls/server.pem", f"{DIR}/tls/server.key")
with open(f"{DIR}/passwords", encoding="ascii") as file:
    PASSWORDS = dict(line.strip().split(":", 1) for line in file)


class Session(socketserver.StreamRequestHandler):
    implicit = False

    def reply(self, *lines):
        for number, line in enumerate(lines):
            mark = "-" if number + 1 < len(lines) else " "
            self.wfile.write(f"{line[:3]}{mark}{line[4:]}\r\n".encode())

    def start_tls(self):
        self.request = TLS.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
        self.secure, self.user = True, None
        self.reset()

    def reset(self):
        self.sender, self.recipients = None, []

    def setup(self):
        super().setup()
        self.secure, self.user = False, None
        self.reset()

    def handle(self):
        try:
            if self.implicit:
                self.start_tls()
            self.reply("220 mail.demo.test ESMTP wardmail stand-in")
            while line := self.rfile.readline(4096):
                verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
                if verb.upper() == "QUIT":
                    self.reply("221 2.0.0 Bye")
                    return
                getattr(self, "do_" + verb.lower(), self.unknown)(rest)
        except (OSError, ssl.SSLError):
            pass

    def unknown(self, _):
        self.reply("502 5.5.2 Unknown command")

    def do_ehlo(self, _):
        more = ["250 AUTH PLAIN LOGIN"] if self.secure else ["250 STARTTLS"]
        self.reply("250 mail.demo.test", "250 PIPELINING", f"250 SIZE {SIZE_MAX}", "250 8BITMIME", "250 SMTPUTF8",
                   "250 ENHANCEDSTATUSCODES", *more)

    def do_noop(self, _):
        self.reply("250 2.0.0 Ok")

    def do_rset(self, _):
        self.reset()
        self.reply("250 2.0.0 Ok")

    def do_starttls(self, _):
        if self.secure:
            self.reply("503 5.5.1 TLS is on")
            return
        self.reply("220 2.0.0 Ready")
        self.start_tls()

    def ask(self, prompt):
        self.reply("334 " + base64.b64encode(prompt).decode())
        return base64.b64decode(self.rfile.readline(4096))

    def do_auth(self, rest):
        if not self.secure:
            self.reply("538 5.7.11 TLS first")
            return
        mechanism, _, initial = rest.partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                line = base64.b64decode(initial) if initial else self.ask(b"")
                _, user, password = line.split(b"\0")
            elif mechanism.upper() == "LOGIN":
                user = base64.b64decode(initial) if initial else self.ask(b"Username:")
                password = self.ask(b"Password:")
            else:
                self.reply("504 5.5.4 Unknown mechanism")
                return
        except ValueError:
            self.reply("501 5.5.2 Malformed")
            return
        name = user.decode("utf-8", "replace").partition("@")[0]
        if PASSWORDS.get(name, "") == password.decode("utf-8", "replace") != "":
            self.user = name
            self.reply("235 2.7.0 Welcome")
        else:
            self.reply("535 5.7.8 Wrong user or password")

    @staticmethod
    def address(rest):
        return rest[rest.find("<") + 1:rest.find(">")]

    def do_mail(self, rest):
        if self.user is None:
            self.reply("530 5.7.0 Sign in first")
            return
        self.reset()
        self.sender = self.address(rest)
        self.reply("250 2.1.0 Ok")

    @staticmethod
    def other_answer(address):
        """What DIR/answers says instead; see servers."""
        with open(f"{DIR}/answers", encoding="ascii") as answers:
            for line in answers:
                who, _, answer = line.strip().partition(" ")
                if who == address:
                    return answer
        return None

    def do_rcpt(self, rest):
        name, _, domain = self.address(rest).partition("@")
        if self.sender is None:
            self.reply("503 5.5.1 MAIL first")
        elif answer := self.other_answer(f"{name}@{domain}".lower()):
            self.reply(answer)
        elif domain.lower() != "demo.test" or name.lower() not in PASSWORDS:
            self.reply("550 5.1.1 No such person here")
        else:
            self.recipients.append(f"{name}@{domain}")
            self.reply("250 2.1.5 Ok")

    def do_data(self, _):
        if not self.recipients:
            self.reply("503 5.5.1 RCPT first")
            return
        self.reply("354 End with a dot")
        lines, size = [], 0
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return
            size += len(line)
            if size <= SIZE_MAX:
                lines.append(line[1:] if line.startswith(b".") else line)
        if size > SIZE_MAX:
            self.reply("552 5.3.4 Too big")
            return
        try:
            self.deliver(b"".join(lines))
            self.reply("250 2.0.0 Ok: delivered")
        except (OSError, smtplib.SMTPException):
            self.reply("451 4.3.0 Dovecot did not take it")
        self.reset()

    def deliver(self, message):
        """LMTP answers once for each recipient, which smtplib's own sendmail does not expect."""
        with smtplib.LMTP(f"{DIR}/dovecot/lmtp") as lmtp:
            lmtp.ehlo()
            lmtp.mail(self.sender)
            for recipient in self.recipients:
                lmtp.rcpt(recipient)
            codes = [lmtp.data(message)[0]] + [lmtp.getreply()[0] for _ in self.recipients[1:]]
            if any(code != 250 for code in codes):
                raise smtplib.SMTPException


class Implicit(Session):
    implicit = True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


threading.Thread(target=Server(("127.0.0.1", int(sys.argv[2])), Implicit).serve_forever, daemon=True).start()
Server(("127.0.0.1", int(sys.argv[3])), Session).serve_forever()
