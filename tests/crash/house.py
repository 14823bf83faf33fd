# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alice's house from outside, and the judge of it. Nothing here is wardmail's: the server is asked by Python's imaplib, the Maildir
is read as files, the index by the notmuch program, letters are opened by gpg and openssl.

The judge (`House.judge`) in short. `House.placed` says of every mail that was ever given to the server or to wardmail where it may lie:
  1. on the server each lies exactly once, in such a place, and nothing else lies there;
  2. the Maildir has exactly what the server has: folders, mails, flags, and every byte;
  3. the index has exactly the files of the Maildir, with the tags that their flags mean.
`House.judge_letters` does it for what was sent: each reached each recipient exactly once and has one record in Sent; only what the
outbox calls "unknown" may have arrived or not, and never twice; what neither arrived nor is in the outbox was refused in so many words.
"""
import collections
import hashlib
import imaplib
import json
import os
import pathlib
import random
import re
import socket
import ssl
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
FLAGS = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "\\Deleted": "T", "$Forwarded": "P"}
TAGS = {"F": "flagged", "R": "replied", "P": "passed"}


class Wrong(Exception):
    """What the judge says: something is lost, doubled, or not the same on both sides."""


def settings(path):
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in pathlib.Path(path).read_text().splitlines())}


def digest(data):
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()[:16]


def message_id(data):
    found = re.search(rb"(?im)^Message-ID:\s*<([^>]*)>", data[:65536])
    return found[1].decode() if found else ""


def is_good_report(data):
    """What Postfix says of letters that it delivered; that one failed would be news."""
    return b"multipart/report" in data and b"Action: failed" not in data and b"\nSubject: Successful Mail Delivery Report\r\n" in data


def decode_name(name):
    """A folder's name from modified UTF-7."""
    return re.sub("&([^-]*)-", lambda run: ("+" + run[1].replace(",", "/") + "-").encode().decode("utf-7") if run[1] else "&", name)


class Server:
    """A person's mailbox on the server."""

    def __init__(self, directory, person, port=None):
        env = settings(directory / "servers.env")
        password = dict(line.split(":", 1) for line in pathlib.Path(env["PASSWORDS"]).read_text().splitlines())[person]
        self.imap = imaplib.IMAP4_SSL(env["HOST"], port or int(env["IMAP_PORT"]), ssl_context=ssl.create_default_context(cafile=env["CA"]))
        self.imap.login(person, password)

    def do(self, name, *arguments):
        status, data = getattr(self.imap, name)(*arguments)
        if status != "OK":
            raise RuntimeError(f"the server says {status} to {name} {arguments}: {data}")
        return data

    def folders(self):
        return [re.search(rb'"([^"]*)"$|(\S+)$', row).group(0).decode().strip('"') for row in self.do("list") if b"\\Noselect" not in row]

    def uids(self, folder, *query, readonly=False):
        self.do("select", f'"{folder}"', readonly)
        return self.do("uid", "SEARCH", *(query or ("ALL",)))[0].decode().split()

    def mails(self, folder, since=1):
        """uid, flags, bytes of each."""
        self.do("select", f'"{folder}"', True)
        for row in self.do("uid", "FETCH", f"{since}:*", "(FLAGS BODY.PEEK[])"):
            if isinstance(row, tuple):
                uid = int(re.search(rb"UID (\d+)", row[0])[1])
                flags = {FLAGS[flag] for flag in re.search(rb"FLAGS \(([^)]*)\)", row[0])[1].decode().split() if flag in FLAGS}
                if uid >= since:
                    yield uid, "".join(sorted(flags)), row[1]

    def view(self):
        """Folder -> what lies in it, each (Message-ID, flags, digest), with how often."""
        view, self.reports = {}, set()
        for folder in self.folders():
            mails = list(self.mails(folder))
            view[decode_name(folder)] = collections.Counter((message_id(data), flags, digest(data)) for _, flags, data in mails)
            self.reports |= {message_id(data) for _, _, data in mails if is_good_report(data)}
        return view

    def append(self, folder, data):
        self.do("append", f'"{folder}"', None, None, data)

    def with_id(self, folder, mid):
        return self.uids(folder, "HEADER", "Message-ID", f"<{mid}>")

    def store(self, folder, mid, change, flag):
        for uid in self.with_id(folder, mid):
            self.do("uid", "STORE", uid, change + "FLAGS", f"({flag})")

    def move(self, folder, to, mid):
        for uid in self.with_id(folder, mid):
            self.do("uid", "MOVE", uid, f'"{to}"')

    def remove(self, folder, mid):
        for uid in self.with_id(folder, mid):
            self.do("uid", "STORE", uid, "+FLAGS", "(\\Deleted)")
            self.do("uid", "EXPUNGE", uid)

    def keep_newest(self, folder, number):
        uids = self.uids(folder)
        for uid in uids[:-number] if number else uids:
            self.do("uid", "STORE", uid, "+FLAGS", "(\\Deleted)")
        self.do("expunge")


class House:
    NONE = collections.Counter()

    def __init__(self, directory, profile="p", mails=6):
        self.dir = pathlib.Path(directory)
        self.profile = self.dir / profile
        self.program = os.environ["WARDMAIL"]
        self.tools = pathlib.Path(os.environ["CRASH_TOOLS"])
        self.world = settings(self.dir / "world.env")
        self.server = Server(self.dir, "alice")
        self.seen = {}      # recipient -> the UID after the last letter that was opened
        self.arrived = collections.defaultdict(collections.Counter)  # token -> recipient -> how often
        self.letters = {}   # token -> (recipients, what the sender was told: "sent", "queued", "unknown" or an error)
        self.letter_ids = {}  # token -> the Message-ID that a recipient saw, or the sender was told
        self.placed = {}    # Message-ID -> folders in which it may lie; None: nowhere
        self.count = 0
        crypted = self.server.uids("INBOX", "SUBJECT", '"Second opinion, case 904"')[0]
        self.crypted = next(data for uid, _, data in self.server.mails("INBOX") if uid == int(crypted))
        for folder in self.server.folders():
            self.server.keep_newest(folder, mails)
        for folder, mails_there in self.server.view().items():
            for mid, _, _ in mails_there:
                self.placed[mid] = {folder}

    # ---- what people do
    def run(self, *words, stdin=None, limit=60):
        """Ends with 0, or with 1 and a word about it: a program that hangs, or dies of a signal, is wrong whatever was killed."""
        try:
            done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired as late:
            if os.environ.get("WAIT"):
                print(words, "hangs in", self.dir, flush=True)
                time.sleep(int(os.environ["WAIT"]))
            raise Wrong(f"{' '.join(map(str, words))} did not end within {limit} s") from late
        if done.returncode not in (0, 1, 3) or (done.returncode and not done.stderr.strip()):
            raise Wrong(f"{' '.join(map(str, words))} ended with {done.returncode}: {done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def ward(self, *words, **more):
        return self.run(self.program, "--profile", self.profile, *words, **more)

    def door(self, method, arguments="{}", **more):
        return self.run(self.tools / "door", self.profile, method, "@a{sv} " + arguments, **more)

    def change(self, mid, action, folder=None):
        where = f", 'folder': <'{folder}'>" if folder else ""
        answer = self.door("change", f"{{'ids': <['{mid}']>, 'action': <'{action}'>{where}}}")
        return answer if answer[0] or "'changed': <uint32 1>" in answer[1] else (1, "", "There is no such mail.")

    def mail(self, subject="A mail", body="Nothing new.\r\n", encrypted=False):
        """A new mail, not yet anywhere."""
        self.count += 1
        mid = f"made-{self.count}-{random.getrandbits(40):010x}@demo.test"
        if encrypted:
            return mid, re.sub(rb"(?im)^Message-ID:.*?\r\n(?=\S)", f"Message-ID: <{mid}>\r\n".encode(), self.crypted, 1)
        return mid, (f"From: Bob Okafor <bob@demo.test>\r\nTo: alice@demo.test\r\nSubject: {subject} {self.count}\r\nMessage-ID: <{mid}>\r\n"
                     f"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n\r\n{body}").encode()

    def give(self, folder="INBOX", **more):
        """A new mail on the server."""
        mid, data = self.mail(**more)
        self.server.append(folder, data)
        self.placed[mid] = {folder}
        return mid

    def send(self, to=("bob",), bcc=(), limit=60):
        """A letter; its token stands in its text, which is encrypted on the way."""
        self.count += 1
        token = f"letter{self.count}x{random.getrandbits(60):015x}"
        words = [word for person in to for word in ("--to", f"{person}@demo.test")] + [word for person in bcc for word in ("--bcc", f"{person}@demo.test")]
        code, out, err = self.ward("send", "--json", *words, "--subject", "A letter", stdin=f"Token {token}.\n", limit=limit)
        reply = json.loads(out) if out.strip() else {}
        self.last_answer = code, out, err
        told = reply.get("state", "error")
        if told == "error":  # then the letter is the sender's alone
            told = "error: " + err
        self.letters[token] = (tuple(to) + tuple(bcc), told)
        if reply.get("message_id"):
            self.letter_ids[token] = reply["message_id"]
        return token

    # ---- the engine
    def engines(self):
        return subprocess.run(["pgrep", "-f", f"^wardmail --process engine {self.profile}( |$)"], capture_output=True, text=True,
                              check=False).stdout.split()

    def end_engine(self):
        """It leaves; whoever judges wants nothing to move."""
        for pid in self.engines():
            try:
                os.kill(int(pid), 15)
            except ProcessLookupError:
                pass
        self.wait(lambda: not self.engines(), 15, "the engine does not leave")

    @staticmethod
    def wait(condition, limit, what):
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                raise Wrong(what)
            time.sleep(0.01)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(self.profile / "run/engine.sock"))
            except OSError:
                return False
        return True

    def traced(self, who, step):
        """Starts an engine that dies at this step. Returns a function that ends it and says how it went: (died, steps)."""
        self.end_engine()
        report = self.dir / "steps"
        tracer = subprocess.Popen([self.tools / "stepkill", who, str(step), report, self.program, self.profile])
        self.wait(lambda: tracer.poll() is not None or self.answers(), 15, "the engine does not start under the tracer")

        def finish():
            if tracer.poll() is None:
                tracer.terminate()
            if tracer.wait(60) != 0:
                raise Wrong("the tracer failed")
            lines = report.read_text(errors="replace").splitlines()
            self.last_step = lines[-2] if len(lines) > 1 else ""
            return lines[-1] == "died", len(lines) - 1
        return finish

    # ---- the judge
    def disk(self):
        view = collections.defaultdict(collections.Counter)
        self.files = {}
        root = self.profile / "data/mail/demo"
        for path in root.rglob("*"):
            if path.is_file():
                if path.parent.name != "cur":
                    raise Wrong(f"this lies in the Maildir, and nobody would see it: {path}")
                flags = path.name.rpartition(":2,")[2]
                data = path.read_bytes()
                entry = (message_id(data), flags, digest(data))
                view[str(path.parent.parent.relative_to(root))][entry] += 1
                self.files[str(path)] = entry
        return view

    def notmuch(self, *words):
        config = self.dir / "notmuch-config"
        config.write_text(f"[database]\npath={self.profile}/data/index\nmail_root={self.profile}/data/mail\n[search]\nexclude_tags=\n")
        done = subprocess.run(["notmuch", f"--config={config}", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Wrong(f"notmuch cannot read the index: {done.stderr}")
        return done.stdout

    def indexed(self):
        return {path for path in self.notmuch("search", "--output=files", "*").splitlines() if path.startswith(f"{self.profile}/data/mail/demo/")}

    def judge_index(self):
        indexed = self.indexed()
        for _ in range(2):  # the engine was ended while it marked a report as read: its next start tells the index
            odd = {path.partition(":2,")[0] for path in indexed ^ set(self.files)}
            if odd and odd <= {path.partition(":2,")[0] for path, entry in self.files.items() if entry[0] in self.server.reports}:
                self.settle()
                self.server.view()
                self.disk()
                indexed = self.indexed()
        if indexed != set(self.files):
            raise Wrong(f"only in the index: {sorted(indexed - set(self.files))}; only in the Maildir: {sorted(set(self.files) - indexed)}")
        tags = {}
        for line in self.notmuch("dump", "--format=batch-tag").splitlines():
            words, _, mid = line.partition(" -- id:")
            tags[mid.strip('"')] = {word[1:] for word in words.split()}
        often = collections.Counter(mid for mid, _, _ in self.files.values())
        for mid, flags, _ in self.files.values():
            if often[mid] > 1 or mid not in tags or mid in self.server.reports:
                continue  # one message for the index, with the tags of all its files; one without Message-ID has a name of its own; reports are put aside
            wanted = {tag for flag, tag in TAGS.items() if flag in flags} | (set() if "S" in flags else {"unread"})
            got = tags[mid] & ({*TAGS.values(), "unread"})
            if wanted != got:
                raise Wrong(f"{mid} has the flags {flags!r}, but the index says {sorted(got)}")

    def judge(self):
        """Everything is where it may be, once, and the same on both sides. The engine must not run."""
        server, disk = self.server.view(), self.disk()
        for _ in range(2):
            odd = {mid for folder in server.keys() | disk.keys() for mid, _, _ in
                   (server.get(folder, self.NONE) - disk.get(folder, self.NONE)) + (disk.get(folder, self.NONE) - server.get(folder, self.NONE))}
            if odd and odd <= self.server.reports:  # Postfix speaks when it likes, and wardmail marks what it says as read a moment later
                self.settle()
                server, disk = self.server.view(), self.disk()
        places = collections.defaultdict(list)
        for folder, mails in server.items():
            for (mid, _, _), number in mails.items():
                places[mid] += [folder] * number
        for mid, allowed in self.placed.items():
            if allowed is not None and (len(places[mid]) != 1 or places[mid][0] not in allowed):
                raise Wrong(f"{mid} should lie once in {sorted(allowed)}, and lies on the server in {places[mid]}")
        stray = {mid: where for mid, where in places.items() if where and self.placed.get(mid) is None and mid not in self.server.reports}
        if stray:
            raise Wrong(f"on the server lies what should not be there: {stray}")
        for folder in server.keys() | disk.keys():
            here, there = disk.get(folder, self.NONE), server.get(folder, self.NONE)
            if here != there:
                raise Wrong(f"{folder}: only on the server {sorted((there - here).elements())}; only here {sorted((here - there).elements())}")
        self.judge_index()

    def open_letters(self, person):
        """The tokens of what has arrived at somebody since the last look."""
        server = Server(self.dir, person)
        for uid, _, data in server.mails("INBOX", self.seen.get(person, 1)):
            self.seen[person] = uid + 1
            if b"application/pkcs7-mime" in data:
                clear = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "SMIME", "-recip", f"{self.world['KEYS']}/{person}.smime.pem",
                                        "-inkey", f"{self.world['KEYS']}/{person}.smime.key"], input=data, capture_output=True, check=False).stdout
            else:
                clear = subprocess.run(["gpg", "--homedir", self.person_home(person), "--batch", "--quiet", "--trust-model", "always", "--decrypt"],
                                       input=data, capture_output=True, check=False).stdout
            found = re.search(rb"Token (letter\w+)\.", clear)
            if found:
                token = found[1].decode()
                self.arrived[token][person] += 1
                self.letter_ids[token] = message_id(data)
        server.imap.logout()

    def person_home(self, person):
        home = self.dir / "people" / person
        if not home.exists():
            home.mkdir(parents=True, mode=0o700)
            home.parent.chmod(0o700)
            subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--import", f"{self.world['KEYS']}/{person}.pgp.sec.asc"],
                           capture_output=True, check=False)
        return home

    def outbox(self):
        """What the outbox still has: Message-ID -> (state, {person: his own}); at rest these are all "unknown"."""
        code, out, err = self.ward("outbox", "--json")
        if code:
            raise Wrong(f"the outbox cannot be listed: {err}")
        return {row["message_id"]: (row["state"], {one["address"].partition("@")[0]: one["state"] for one in row["people"]}) for row in json.loads(out)}

    def all_is_delivered(self):
        """Also Postfix's own reports of it."""
        return not any(path.is_file() for queue in ("maildrop", "incoming", "active", "deferred") for path in (self.dir / "postfix/queue" / queue).rglob("*"))

    def settle(self):
        """After whatever happened: one sync works, and the outbox comes to rest."""
        code, _, err = self.ward("sync")
        if code:
            raise Wrong(f"afterwards sync fails: {err}")

        def rests():
            self.unsure = self.outbox()
            return {state for state, _ in self.unsure.values()} <= {"unknown"}
        try:
            self.wait(rests, 30, "the outbox does not come to rest")
        except Wrong as wrong:
            raise Wrong(f"{wrong}: {self.ward('outbox')}") from wrong
        self.wait(self.all_is_delivered, 20, "Postfix does not deliver")
        code, _, err = self.ward("sync")
        if code:
            raise Wrong(f"the second sync fails: {err}")
        self.end_engine()

    def judge_letters(self):
        """Every letter reached everybody once, or nobody where that was said; or is unknown. Its record lies in Sent. After settle()."""
        for person in {person for recipients, _ in self.letters.values() for person in recipients}:
            self.open_letters(person)
        for token, (recipients, told) in self.letters.items():
            got = self.arrived[token]
            mid = self.letter_ids.get(token)
            unknown = {person for person, state in self.unsure.get(mid, ("", {}))[1].items() if state == "unknown"}
            missing = set(recipients) - set(got) - unknown
            if any(number > 1 for number in got.values()):
                raise Wrong(f"{token} arrived more than once: {dict(got)}")
            if missing and (got or told == "sent"):
                raise Wrong(f"{token}: the sender was told “{told}”, it reached {list(got)}, and not {missing}; the outbox does not say so")
            if missing and not told.startswith(("held", "error")):
                raise Wrong(f"{token}: the sender was told “{told}”, it reached nobody, and the outbox does not have it")
            if got and told == "held":
                raise Wrong(f"{token} was held, and reached {list(got)}")
            if mid is not None:
                self.placed[mid] = {"Sent"} if got and mid not in self.unsure else {"Drafts"} if told == "held" else None
