# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two wardmails, each with a profile of its own, and mbsync work one account at random and at once, while mail is delivered and the server itself is changed.
In the end the server, both Maildirs, both indexes and mbsync's Maildir are the same, and no mail is missing that nobody removed.

two.py DIR      DIR/p and DIR/q: the profiles. SECONDS_AT_IT: how long (12).
"""
import collections
import os
import pathlib
import random
import smtplib
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import house as h  # noqa: E402

FOLDERS = ("INBOX", "Archive", "Trash")
DRAFT = "{'draft': <{'from': <'alice@demo.test'>, 'to': <['bob@demo.test']>, 'subject': <'x'>, 'body': <'a draft'>}>}"


class Mbsync:
    """The second client: Debian's isync on a Maildir, changed as a Maildir's programs do."""

    def __init__(self, directory):
        env = h.settings(directory / "servers.env")
        self.root, self.config = directory / "m", directory / "mbsyncrc"
        self.root.mkdir(mode=0o700)
        self.number = 0
        self.config.write_text(f"""IMAPAccount demo
Host {env['HOST']}
Port {env['IMAP_PORT']}
User alice
PassCmd "sed -n s/^alice://p {env['PASSWORDS']}"
SSLType IMAPS
CertificateFile {env['CA']}

IMAPStore far
Account demo

MaildirStore near
Path {self.root}/
Inbox {self.root}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
""")

    def sync(self):
        """It may fail while others work the same mailbox; in the end it must not."""
        done = subprocess.run(["mbsync", "-q", "-c", self.config, "-a"], capture_output=True, text=True, timeout=120, check=False)
        return done.returncode == 0, done.stderr

    def files(self):
        return [path for path in self.root.rglob("*") if path.parent.name in ("cur", "new")]

    def view(self):
        view = collections.defaultdict(collections.Counter)
        for path in self.files():
            flags = "".join(sorted(flag for flag in path.name.rpartition(":2,")[2] if flag in "DFRS"))
            view[h.decode_name(str(path.parent.parent.relative_to(self.root)))][h.message_id(path.read_bytes()), flags] += 1
        return view

    def act(self, storm):
        files = [path for path in self.files() if path.parent.parent.name in FOLDERS]
        if not files or random.random() < 0.2:
            mid, data = storm.mail()
            self.number += 1
            (self.root / "INBOX/cur" / f"{time.time():.0f}.{self.number}_{random.getrandbits(32)}.mbsync:2,S").write_bytes(data.replace(b"\r\n", b"\n"))
            storm.given.add(mid)
            return
        path = random.choice(files)
        name, _, flags = path.name.partition(":2,")
        deed = random.choice(("flag", "flag", "move", "remove"))
        if deed == "flag":
            letter = random.choice("FRS")
            flags = "".join(sorted(set(flags) ^ {letter}))
            path.rename(path.parent.parent / "cur" / f"{name}:2,{flags}")
        elif deed == "move":  # without the UID that mbsync keeps in the name: it is another mail there
            target = self.root / random.choice([folder for folder in FOLDERS if folder != path.parent.parent.name])
            self.number += 1
            path.rename(target / "cur" / f"{time.time():.0f}.{self.number}_{random.getrandbits(32)}.mbsync:2,{flags}")
        elif storm.may_remove():
            storm.given.discard(h.message_id(path.read_bytes()))
            path.rename(path.parent.parent / "cur" / f"{name}:2,{''.join(sorted(set(flags) | {'T'}))}")


class Storm:
    def __init__(self, directory):
        self.houses = [h.House(directory, name) for name in ("p", "q")]
        self.mbsync = Mbsync(directory)
        self.directory = directory
        self.given = set(self.houses[0].placed)  # what must be somewhere in the end
        self.lock, self.count, self.removed = threading.Lock(), 0, 0
        self.did = collections.Counter()
        self.failed = []

    def mail(self):
        with self.lock:
            self.count += 1
            mid = f"two-{self.count}-{random.getrandbits(40):x}@demo.test"
        return mid, (f"From: bob@demo.test\r\nTo: alice@demo.test\r\nSubject: Mail {self.count}\r\nMessage-ID: <{mid}>\r\n"
                     "Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n\r\nNothing.\r\n").encode()

    def may_remove(self):
        self.removed += 1
        return self.removed % 4 == 0

    def one_of(self):
        return random.choice(sorted(self.given))

    def alice(self, house):
        """At one of her two desks."""
        deed = random.choice(("flag", "unflag", "read", "unread", "archive", "delete", "move", "draft", "sync", "sync"))
        self.did[deed] += 1
        if deed == "sync":
            house.ward("sync")
        elif deed == "draft":
            house.door("draft_save", DRAFT)
        elif deed == "move":
            house.change(self.one_of(), "move", "demo/" + random.choice(FOLDERS))
        else:
            house.change(self.one_of(), deed)

    def elsewhere(self, _):
        """Mail is delivered, and somebody reads it with a client of his own."""
        server = self.server
        deed = random.choice(("comes", "comes", "flag", "move"))
        self.did[deed + " elsewhere"] += 1
        if deed == "comes":
            mid, data = self.mail()
            with smtplib.LMTP(str(self.directory / "dovecot/lmtp")) as line:
                line.sendmail("bob@demo.test", ["alice@demo.test"], data)
            self.given.add(mid)
        elif deed == "flag":
            server.store(random.choice(FOLDERS), self.one_of(), random.choice("+-"), random.choice(("\\Seen", "\\Flagged", "\\Answered")))
        else:
            one, two = random.sample(FOLDERS, 2)
            server.move(one, two, self.one_of())

    def second_client(self, _):
        for _ in range(random.randint(1, 4)):
            self.did["mbsync"] += 1
            try:
                self.mbsync.act(self)
            except FileNotFoundError:
                pass  # mbsync was faster
        self.mbsync.sync()

    def work(self, deed, who, until):
        try:
            while time.monotonic() < until:
                deed(who)
                time.sleep(random.random() * 0.1)
        except Exception as error:  # pylint: disable=broad-except  # told at the end
            self.failed.append(error)

    def rage(self, seconds):
        self.server = h.Server(self.directory, "alice")
        until = time.monotonic() + seconds
        workers = [threading.Thread(target=self.work, args=(deed, who, until)) for deed, who in (
            (self.alice, self.houses[0]), (self.alice, self.houses[1]), (self.elsewhere, None), (self.second_client, None))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self.failed:
            raise self.failed[0]

    def differences(self):
        """Between the server and each of the three others; "" if there are none."""
        full = self.houses[0].server.view()
        server = {folder: collections.Counter() for folder in full}
        for folder, mails in full.items():
            for (mid, flags, _), number in mails.items():
                server[folder][mid, "".join(flag for flag in flags if flag in "DFRS")] += number
        told = []
        for house in self.houses:
            disk = house.disk()
            for folder in full.keys() | disk.keys():
                if full.get(folder, collections.Counter()) != disk.get(folder, collections.Counter()):
                    there, here = full.get(folder, collections.Counter()), disk.get(folder, collections.Counter())
                    told.append(f"{house.profile.name}/{folder}: only on the server {list((there - here).elements())}, only here {list((here - there).elements())}")
        near = self.mbsync.view()
        for folder in server.keys() | near.keys():
            if server.get(folder, collections.Counter()) != near.get(folder, collections.Counter()):
                there, here = server.get(folder, collections.Counter()), near.get(folder, collections.Counter())
                told.append(f"mbsync/{folder}: only on the server {list((there - here).elements())}, only here {list((here - there).elements())}")
        self.there = {mid for mails in server.values() for mid, _ in mails}
        return "; ".join(told)

    def judge(self):
        """Each may have to carry what it did to the server before the others can fetch it: two rounds. The third changes nothing any more."""
        for _ in range(3):
            for house in self.houses:
                code, _, err = house.ward("sync")
                if code:
                    raise h.Wrong(f"in the end sync fails: {err}")
            fine, err = self.mbsync.sync()
            if not fine:
                raise h.Wrong(f"in the end mbsync fails: {err}")
        for house in self.houses:
            house.end_engine()
        told = self.differences()
        if told:
            raise h.Wrong(told)
        missing = self.given - self.there
        if missing:
            raise h.Wrong(f"nobody removed these, and they are gone: {sorted(missing)}")
        for house in self.houses:
            house.judge_index()


def main():
    seed = os.environ.get("SEED") or str(random.randrange(10**9))
    print("seed", seed)
    random.seed(seed)
    storm = Storm(pathlib.Path(sys.argv[1]))
    storm.mbsync.sync()
    storm.judge()
    seconds = int(os.environ.get("SECONDS_AT_IT", "12"))
    storm.rage(seconds)
    storm.judge()
    print(f"- {seconds} s of {dict(storm.did)}: {len(storm.there)} mails, all of them everywhere")


try:
    main()
except h.Wrong as wrong:
    sys.exit(f"FAILED: {wrong}")
