#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that somebody between us and them has tampered with before TLS, against the real `account test` and `sync`.

usage: starttls.py WARDMAIL [FOLDER]
Plays the scenarios that stand below or, with FOLDER, those in its files starttls-*.ron, and serves the certificates in FOLDER/../tls that have keys. In every one: no credential and no mail in clear, nothing
that was said before TLS is kept or shown, no control characters, an end in time. A scenario that is meant to work must work, and one that is meant
to be refused must be refused. Prints a line for each that went wrong; exit 1.
"""
import base64
import os
import pathlib
import re
import shutil
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time

WARDMAIL = os.path.realpath(sys.argv[1])
PASSWORD = "correct-horse-7Qz"
USER = "alice@x.test"
SECONDS_MAX = 40
FORBIDDEN = re.compile(rb"\b(LOGIN|AUTHENTICATE|AUTH|MAIL FROM|RCPT TO|DATA)\b", re.I)
MAIL = b"From: b@x.test\r\nSubject: real\r\nMessage-ID: <real@x.test>\r\n\r\nreal\r\n"


class Scenario:
    """One server. protocol: imap or smtp. must: "work", "stop" or None (either). texts: what may neither be kept nor shown."""

    def __init__(self, name, protocol, must=None, texts=(), implicit=False, **how):
        self.name, self.protocol, self.must, self.implicit, self.how = name, protocol, must, implicit, how
        self.texts = [text for text in texts if text]
        self.clear, self.hidden, self.signed_in, self.sessions = b"", b"", False, 0


class Session(socketserver.StreamRequestHandler):
    secure = False

    def say(self, text):
        self.wfile.write(text if isinstance(text, bytes) else text.encode())
        self.wfile.flush()

    def hear(self):
        line = self.rfile.readline(65536)
        if self.secure:
            self.scenario.hidden += line
        else:
            self.scenario.clear += line
        return line

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.scenario.how.get("cert", (CERTS / "server.pem", CERTS / "server.key")))
        self.request = context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.secure = True

    def handle(self):
        self.scenario = self.server.scenario
        self.scenario.sessions += 1
        try:
            if self.scenario.implicit:
                self.start_tls()
            self.talk()
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            self.finish_all()

    def finish_all(self):
        try:
            if self.secure:
                self.request.unwrap()
        except (OSError, ssl.SSLError, ValueError):
            pass


class Imap(Session):
    def caps(self):
        how = self.scenario.how
        return " ".join(how["caps_tls"] if self.secure else how["caps"]) or "IMAP4rev1"

    def talk(self):
        how = self.scenario.how
        self.say(how["greeting"])
        if not self.secure:
            self.say(how.get("after_greeting", ""))
        while line := self.hear():
            words = line.decode("latin-1").strip().split(" ")
            if len(words) < 2:
                continue
            tag, verb = words[0], words[1].upper()
            if verb.lower() in how.get("hidden", ()):
                self.say(f"{tag} BAD there is no such command\r\n")
            elif verb == "STARTTLS" and not self.secure:
                self.say(how.get("starttls", "<tag> OK begin\r\n").replace("<tag>", tag))
                if not how.get("transition", True):
                    continue
                self.start_tls()
                self.say(how.get("after_tls", ""))
            elif verb == "LOGOUT":
                self.say(f"* BYE bye\r\n{tag} OK done\r\n")
                return
            else:
                getattr(self, "do_" + verb.lower(), self.do_any)(tag, words[2:])

    def do_any(self, tag, _):
        self.say(f"{tag} OK done\r\n")

    def do_capability(self, tag, _):
        self.say(f"* CAPABILITY {self.caps()}\r\n{tag} OK done\r\n")

    def do_authenticate(self, tag, rest):
        if len(rest) < 2:
            self.say("+ \r\n")
            rest = rest + [self.hear().decode("latin-1").strip()]
        self.scenario.signed_in = base64.b64decode(rest[1]).split(b"\0")[-1] == PASSWORD.encode()
        self.say(f"{tag} OK done\r\n" if self.scenario.signed_in else f"{tag} NO no\r\n")

    def do_login(self, tag, rest):
        self.scenario.signed_in = rest[-1].strip('"') == PASSWORD
        self.say(f"{tag} OK done\r\n" if self.scenario.signed_in else f"{tag} NO no\r\n")

    def do_list(self, tag, _):
        self.say(f'* LIST () "/" INBOX\r\n{tag} OK done\r\n')

    def do_select(self, tag, _):
        self.say("* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 2] x\r\n"
                 f"* 1 EXISTS\r\n* 0 RECENT\r\n{tag} OK [READ-WRITE] done\r\n")

    def do_uid(self, tag, rest):
        line = " ".join(rest).upper()
        if line.startswith("FETCH") and "BODY" in line:
            self.say(b"* 1 FETCH (UID 1 FLAGS () BODY[] {%d}\r\n" % len(MAIL) + MAIL + b")\r\n")
        elif line.startswith("FETCH"):
            size = f"RFC822.SIZE {len(MAIL)} INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" " if "SIZE" in line else ""
            self.say(f"* 1 FETCH (UID 1 {size}FLAGS ())\r\n")
        elif line.startswith("SEARCH"):
            self.say("* SEARCH 1\r\n")
        self.say(f"{tag} OK done\r\n")

    def do_idle(self, tag, _):
        self.say("+ idling\r\n")
        self.hear()
        self.say(f"{tag} OK done\r\n")


class Smtp(Session):
    def offers(self):
        how = self.scenario.how
        return how["caps_tls"] if self.secure else how["caps"]

    def talk(self):
        how = self.scenario.how
        override = {} if self.scenario.implicit else how.get("override", {})
        self.say(how.get("greeting", "220 mail.x.test ESMTP\r\n"))
        while line := self.hear():
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            verb = verb.upper()
            if not self.secure and verb in override and verb != "STARTTLS":
                self.say(override[verb])
                if override[verb][:3] in ("221", "421"):
                    return
            elif verb == "STARTTLS" and not self.secure:
                reply = how.get("starttls", override.get("STARTTLS", "220 go on\r\n"))
                self.say(reply)
                if reply.startswith("220") and how.get("transition", True):
                    self.start_tls()
            elif verb == "EHLO":
                lines = ["mail.x.test"] + self.offers()
                self.say("".join(f"250{'-' if i + 1 < len(lines) else ' '}{text}\r\n" for i, text in enumerate(lines)))
            elif verb == "AUTH":
                word = rest.split(" ")[-1]
                self.scenario.signed_in = PASSWORD.encode() in base64.b64decode(word + "==")
                self.say("235 ok\r\n" if self.scenario.signed_in else "535 no\r\n")
            elif verb == "QUIT":
                self.say("221 bye\r\n")
                return
            else:
                self.say("250 ok\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, scenario):
        super().__init__(("127.0.0.1", 0), Imap if scenario.protocol == "imap" else Smtp)
        self.scenario = scenario
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass


# ---- scenarios of our own ----

START = ["IMAP4rev1", "STARTTLS", "LOGINDISABLED"]
INSIDE = ["IMAP4rev1", "AUTH=PLAIN"]
OK = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"


def imap(name, must, texts=(), **how):
    return Scenario("imap " + name, "imap", must, texts, **{"greeting": OK, "caps": START, "caps_tls": INSIDE, **how})


def smtp(name, must, texts=(), **how):
    return Scenario("smtp " + name, "smtp", must, texts, **{"caps": ["STARTTLS", "SIZE 1000000"], "caps_tls": ["AUTH PLAIN"], **how})


def own_scenarios():
    spoof = "Your\x1b]0;mailbox\x07 is locked, call 555-0199"
    return [
        imap("as it should be", "work"),
        imap("TLS from the first byte", "work", implicit=True, greeting="* OK ready\r\n"),
        imap("signed in already", "stop", greeting="* PREAUTH hello\r\n"),
        imap("signed in already, with STARTTLS", "stop", greeting="* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n"),
        imap("STARTTLS taken out", "stop", greeting="* OK hello\r\n", caps=["IMAP4rev1", "AUTH=PLAIN"], starttls="<tag> BAD what\r\n", transition=False),
        imap("STARTTLS refused", "stop", ["555-0199"], starttls=f"<tag> NO {spoof}\r\n", transition=False),
        imap("STARTTLS misunderstood", "stop", starttls="<tag> BAD no\r\n", transition=False),
        imap("STARTTLS wants to know more", "stop", starttls="+ go on\r\n", transition=False),
        imap("text behind the OK", "stop", ["zIbq81"], starttls='<tag> OK go\r\n* LIST () "/" zIbq81\r\n'),
        imap("half a line behind the OK", "stop", starttls="<tag> OK go\r\n*"),
        imap("a folder before TLS", None, ["qWe77f"], after_greeting='* LIST () "/" qWe77f\r\n'),
        imap("numbers before TLS", None, ["54321"], after_greeting="* 54321 EXISTS\r\n"),
        imap("a folder in the answer", None, ["qWe78f"], starttls='* LIST () "/" qWe78f\r\n<tag> OK go\r\n'),
        imap("a warning in the greeting", None, ["555-0199"], greeting=f"* OK [ALERT] {spoof}\r\n"),
        imap("a goodbye with advice", "stop", ["555-0199"], greeting=f"* BYE [ALERT] {spoof}\r\n"),
        imap("a warning in the answer", None, ["555-0199"], starttls=f"* OK [ALERT] {spoof}\r\n<tag> OK go\r\n"),
        imap("sent elsewhere", None, ["evil.test"], after_greeting="* OK [REFERRAL imap://evil.test/] go there\r\n"),
        imap("offers before TLS are forgotten", "stop", greeting="* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\r\n",
             caps=["IMAP4rev1", "STARTTLS", "AUTH=PLAIN"], caps_tls=["IMAP4rev1", "LOGINDISABLED"]),
        smtp("as it should be", "work"),
        smtp("TLS from the first byte", "work", implicit=True),
        smtp("STARTTLS taken out", "stop", caps=["AUTH PLAIN LOGIN"]),
        smtp("STARTTLS refused", "stop", ["555-0199"], starttls=f"454 {spoof}\r\n"),
        smtp("another answer", "stop", starttls="354 go on\r\n"),
        smtp("text behind the OK", "stop", ["zIbq82"], starttls="220 go\r\n250 zIbq82\r\n"),
        smtp("half a line behind the OK", "stop", starttls="220 go\r\n2"),
        smtp("a refusal in the greeting", "stop", ["555-0199"], greeting=f"554 {spoof}\r\n"),
        smtp("EHLO unknown", "stop", override={"EHLO": "500 what\r\n"}),
        smtp("offers before TLS are forgotten", "stop", caps=["STARTTLS", "AUTH PLAIN"], caps_tls=["SIZE 1000"]),
    ]


# ---- scenarios in files ----

NAMES = {"Imap4Rev1": "IMAP4rev1", "StartTls": "STARTTLS", "LoginDisabled": "LOGINDISABLED", "Idle": "IDLE", "Enable": "ENABLE",
         "LoginReferrals": "LOGIN-REFERRALS", "MailboxReferrals": "MAILBOX-REFERRALS", "StartTLS": "STARTTLS"}


def block(text, key, opening, closing):
    """What stands in brackets after "key:", or None."""
    found = re.search(rf"(?<![\w]){key}:\s*{re.escape(opening)}", text)
    if not found:
        return None
    depth, at = 1, found.end()
    while depth and at < len(text):
        depth += {opening: 1, closing: -1}.get(text[at], 0)
        at += 1
    return text[found.end():at - 1]


def string(text, key):
    found = re.search(rf'(?<![\w]){key}:\s*(?:Some\(|Text\()?"((?:[^"\\]|\\.)*)"', text)
    return found and found.group(1).encode().decode("unicode_escape")


def capabilities(text):
    words = []
    for auth, plain, other, name in re.findall(
            r'Auth\((?:Other\(AuthMechanismOther\(Atom\("([^"]+)"\)|(\w+)\))|Other\(CapabilityOther\(inner: Atom\("([^"]+)"\)|\b(\w+)\b', text or ""):
        if auth or plain:
            words.append("AUTH=" + (auth or plain).upper())
        elif other or name in NAMES:
            words.append(other or NAMES[name])
    return words


def offers(text):
    words = ["STARTTLS"] if re.search(r"\bStartTLS\b", text or "") else []
    mechanisms = re.findall(r'Other\("([^"]+)"\)|\b(Plain|Login)\b', (text or "").partition("Auth(")[2])
    return words + (["AUTH " + " ".join((a or b).upper() for a, b in mechanisms)] if mechanisms else [])


def telling(*texts):
    """The words by which one would know such a text again."""
    return [word for text in texts for word in re.findall(r"[A-Za-z0-9._:/-]{5,}", text or "")
            if re.search(r"\d|Attacker|attacker|Click", word)]


def of_file(path):
    text = re.sub(r"(?m)^\s*//.*$", "", path.read_text(encoding="utf-8"))
    name = path.name[len("starttls-"):-len(".ron")]
    overrides = {key.upper(): value.encode().decode("unicode_escape")
                 for key, value in re.findall(r'"(\w+)":\s*"((?:[^"\\]|\\.)*)"', block(text, "override_response", "{", "}") or "")}
    implicit = "implicit_tls: true" in text
    if name.startswith("smtp"):
        refused = "Negotiation" in name or any(not (verb == "STARTTLS" and reply.startswith("220") or verb == "GREETING" and reply.startswith("220"))
                                                for verb, reply in overrides.items())
        how = {"caps": offers(block(text, "capabilities", "[", "]")), "caps_tls": offers(block(text, "capabilities_tls", "[", "]")), "override": overrides}
        greeting = string(text, "greeting") or overrides.get("GREETING")
        if greeting:
            how["greeting"] = greeting
            refused = refused or not greeting.startswith("220")
        if string(text, "stls_response"):
            how["starttls"] = string(text, "stls_response")
            how["transition"] = "stls_make_transition: false" not in text
        must = "work" if name.endswith("setup") or name.endswith("starttls-220") else "stop" if refused else None
        return Scenario(name, "smtp", must, [], implicit, **how)
    greeting = block(text, "greeting", "(", ")") or ""
    kind = {"PreAuth": "PREAUTH", "Bye": "BYE", "No": "NO"}.get((re.search(r"kind:\s*(\w+)", greeting) or ["", "Ok"])[1], "OK")
    caps = capabilities(block(greeting, "code", "Some(", ")")) if "Capability(" in greeting else []
    code = f"[CAPABILITY {' '.join(caps)}] " if caps else "[ALERT] " if "Alert" in greeting else "[PARSE] " if "Parse" in greeting else ""
    said = string(greeting, "text") or ""
    how = {"greeting": overrides.get("GREETING", f"* {kind} {code}{said}\r\n"), "caps": capabilities(block(text, "caps", "[", "]")),
           "caps_tls": capabilities(block(text, "caps_tls", "[", "]")), "transition": "starttls_transition: false" not in text,
           "hidden": re.findall(r'"(\w+)"', block(text, "hide_commands", "[", "]") or "")}
    texts = [said, overrides.get("GREETING", "")]
    for key, place in (("response_after_greeting", "after_greeting"), ("starttls_response", "starttls")):
        if string(text, key):
            how[place] = string(text, key)
            texts.append(how[place])
    refused = kind == "PREAUTH" or not how["transition"] or "starttls" in how["hidden"]
    must = "work" if name.endswith("setup") or name.endswith("oracles") else "stop" if refused else None
    return Scenario(name, "imap", must, telling(*texts), implicit, **how)


def plain_key(path):
    """A key of Ed25519 in the form with its public half behind it (RFC 5958), which OpenSSL 3.0 does not read, in the one that it does."""
    der = base64.b64decode("".join(line for line in path.read_text().splitlines() if "-----" not in line))
    seed = der[16:48]
    assert der[12:16] == bytes.fromhex("04220420")
    file = CERTS / "eddsa.key"
    text = base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + seed).decode()
    file.write_text(f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    return file


def served(folder):
    """Certificates of others that came with their keys, served to us as localhost."""
    eddsa, old = folder / "rustls-eddsa", folder / "fms"
    if (eddsa / "end.key").exists():
        pair = (eddsa / "end.fullchain", plain_key(eddsa / "end.key"))
        yield imap("rustls: a chain of Ed25519", "work", cert=pair, authority=eddsa / "ca.cert")
        yield imap("rustls: of another authority", "stop", cert=pair)
    if (old / "example.org-key.pem").exists():
        yield imap("fms: expired, and for another name", "stop", cert=(old / "example.org.pem", old / "example.org-key.pem"), authority=old / "rootCA.pem")


# ---- playing one ----

def run(*arguments, **more):
    try:
        return subprocess.run([WARDMAIL, "--profile", str(PROFILE), *arguments], capture_output=True, timeout=SECONDS_MAX, **more)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, -1, b"", b"no end")


def add_account(name, authority, imap_server, smtp_server):
    read, write = os.pipe()
    os.write(write, PASSWORD.encode())
    os.close(write)
    arguments = ["account", "add", name, "--address", USER, "--ca", str(authority), "--secret-fd", str(read)]
    for which, server in (("imap", imap_server), ("smtp", smtp_server)):
        arguments += [f"--{which}", f"localhost:{server.server_address[1]}", f"--{which}-security", "tls" if server.scenario.implicit else "starttls"]
    done = run(*arguments, pass_fds=[read])
    os.close(read)
    return done


def kept(text):
    """A file or folder of the profile that has this in it or in its name, apart from the settings."""
    for path in (PROFILE / "data").rglob("*"):
        try:
            if text in path.name or path.is_file() and text.encode() in path.read_bytes():
                return path
        except OSError:
            continue
    return None


def play(scenario, number):
    """What went wrong."""
    wrong = []
    good = Scenario("good", "smtp", caps=["STARTTLS"], caps_tls=["AUTH PLAIN"]) if scenario.protocol == "imap" else imap("good", None)
    server, other = Server(scenario), Server(good)
    name = f"a{number}"
    authority = scenario.how.get("authority", CERTS / "ca.pem")
    good.how.update({"cert": scenario.how["cert"]} if "cert" in scenario.how else {})
    added = add_account(name, authority, *((server, other) if scenario.protocol == "imap" else (other, server)))
    if added.returncode != 0:
        return [f"the account was not added: {added.stderr.decode()}"]
    began = time.monotonic()
    tested = run("account", "test", name)
    synced = run("sync", name) if scenario.protocol == "imap" and scenario.must != "stop" else tested
    took = time.monotonic() - began
    run("account", "remove", name)
    for each in (server, other):
        each.shutdown()
        each.server_close()
    said = tested.stdout + tested.stderr + synced.stdout + synced.stderr
    if tested.returncode not in (0, 1) or synced.returncode not in (0, 1):
        wrong.append(f"it ended with {tested.returncode}, {synced.returncode}")
    if took > SECONDS_MAX:
        wrong.append(f"it took {took:.0f} s")
    clear = scenario.clear
    if FORBIDDEN.search(clear) or PASSWORD.encode() in clear or base64.b64encode(PASSWORD.encode())[:8] in clear:
        wrong.append(f"in clear it said {clear!r}")
    if scenario.sessions == 0:
        wrong.append("nobody came")
    if scenario.must == "work" and (tested.returncode != 0 or synced.returncode != 0 or not scenario.signed_in):
        wrong.append(f"it should work: {said.decode()}")
    if scenario.must == "stop" and (tested.returncode == 0 or scenario.signed_in):
        wrong.append(f"it should stop: {said.decode()}")
    for text in scenario.texts:
        if text.encode() in said:
            wrong.append(f"it shows {text!r}: {said.decode()}")
        if kept(text):
            wrong.append(f"it keeps {text!r} in {kept(text)}")
    if re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", said):
        wrong.append(f"control characters: {said!r}")
    if os.environ.get("VERBOSE"):
        print(f"{scenario.name} ({scenario.must}): {tested.returncode} {took:.1f} s {tested.stderr.decode().strip()}")
    return wrong


def make_certificates():
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=CERTS)
    CERTS.mkdir()
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-new", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (CERTS / "ext").write_text("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n"
                               "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "20", "-extfile", "ext", "-out", "server.pem")


def main():
    make_certificates()
    scenarios = own_scenarios()
    if len(sys.argv) > 2:
        folder = pathlib.Path(sys.argv[2]).resolve()
        scenarios = [of_file(path) for path in sorted(folder.glob("starttls-*.ron"))] + list(served(folder.parent / "tls"))
    if not scenarios:
        print("no scenarios here")
        return 0
    run("setup", "--name", "Alice", "--address", USER, "--at-rest", "none", "--factor", "none")
    bad = 0
    for number, scenario in enumerate(scenarios):
        wrong = play(scenario, number)
        bad += bool(wrong)
        for problem in wrong:
            print(f"{scenario.name}: {problem}")
    print(f"STARTTLS: {len(scenarios) - bad} of {len(scenarios)} scenarios as they should be")
    return 1 if bad else 0


BASE = pathlib.Path(tempfile.mkdtemp(prefix="wm."))
CERTS, PROFILE = BASE / "tls", BASE / "p"
try:
    code = main()
finally:
    end = time.monotonic() + 10
    while (PROFILE / "run" / "engine.sock").exists() and time.monotonic() < end:
        time.sleep(0.2)
    shutil.rmtree(BASE, ignore_errors=True)
sys.exit(code)
