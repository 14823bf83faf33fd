# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk under the profile is full, or nearly so, during sync, flags, moves, drafts, letters, import and indexing. Each deed is done, or fails with a
sentence; when there is room again the same engine goes on, and all is where it belongs (house.py).

full.py DIR      DIR/p lies on a small file system of its own. ROUNDS: how often (8).
"""
import errno
import os
import random
import re
import sys
import time

sys.dont_write_bytecode = True
import house as h  # noqa: E402

DRAFT = "{'draft': <{'from': <'alice@demo.test'>, 'to': <['bob@demo.test']>, 'subject': <'x'>, 'body': <'a draft'>}>}"


class Disk:
    """The file system of the profile, and the file that takes its room."""

    def __init__(self, house):
        self.house, self.path = house, house.profile / "filler"

    def free(self):
        fs = os.statvfs(self.house.profile)
        return fs.f_bavail * fs.f_frsize

    def fill(self, leave):
        """Nothing but so many bytes is left. The engine may write while that is measured."""
        with open(self.path, "wb") as file:
            for _ in range(100):
                try:
                    if self.free() > leave:
                        os.posix_fallocate(file.fileno(), 0, self.free() - leave)
                    return
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        raise h.Wrong(f"the disk does not become full: {self.free()} bytes are free")

    def make_room(self):
        self.path.unlink()


class Full:
    def __init__(self, house):
        self.house, self.disk = house, Disk(house)
        self.refused = {}
        self.imported = 0

    def deed(self, name, answer):
        """An answer: done, or not done and said why in a sentence that a person can use."""
        code, _, err = answer
        if code == 0:
            return True
        sentence = err.strip().splitlines()[-1]
        if not re.search(r"\w.*\.$", sentence):
            raise h.Wrong(f"{name} failed with no sentence: {err}")
        self.refused.setdefault(name, set()).add(re.sub(r"[/“].*?[”:,]|\d+", "…", sentence))
        return False

    def sync(self):
        house = self.house
        house.give(body="A long mail.\r\n" * random.choice((10, 3000, 20000)))
        mid, data = house.mail(encrypted=True)
        house.server.append("INBOX", data)
        house.placed[mid] = {"INBOX"}
        self.deed("sync", house.ward("sync"))

    def flag(self):
        self.flagged = self.deed("flag", self.house.change(self.one, "flag"))
        self.deed("sync", self.house.ward("sync"))

    def move(self):
        done = self.deed("move", self.house.change(self.two, "archive"))
        self.house.placed[self.two] = {"Archive"} if done else {"Archive", "INBOX"}
        self.deed("sync", self.house.ward("sync"))

    def moved_there(self):
        self.house.server.move("INBOX", "Archive", self.two)
        self.house.server.remove("INBOX", self.three)
        self.house.placed.update({self.two: {"Archive"}, self.three: None})
        self.deed("sync", self.house.ward("sync"))

    def draft(self):
        answer = self.house.door("draft_save", DRAFT)
        if self.deed("draft", answer):
            self.draft_id = re.search("'id': <'([^']*)'>", answer[1])[1]

    def send(self):
        token = self.house.send(("bob",), ("carol",))
        told = self.house.letters[token][1]
        if told.startswith("error"):
            self.deed("send", (1, "", told))
        code, _, err = self.house.last_answer
        if code == 3 and "disk is full" not in err:
            raise h.Wrong(f"nothing but the disk is in the way, and the letter was held: {self.house.last_answer}")
        # Held means that it waits in Drafts. What is nowhere has failed, and says so.
        if (code == 3) != (told == "held") or code == 3 and "is kept in Drafts" not in err or "NOT kept" in err and code != 1:
            raise h.Wrong(f"the exit code says something else than the words: {self.house.last_answer}")
        self.again = True

    def take_in(self):
        """Import; what failed is imported again when there is room."""
        path = self.house.dir / "old.mbox"
        mails = [self.house.mail(body="An old mail.\r\n" * 400) for _ in range(30)]
        path.write_bytes(b"".join(b"From x Mon Mar  2 10:00:00 2026\n" + data.replace(b"\r\n", b"\n") + b"\n" for _, data in mails))
        self.imports = ([mid for mid, _ in mails], path)
        self.deed("import", self.house.ward("import", "--folder", "old", path))

    DEEDS = (sync, sync, flag, move, moved_there, draft, send, take_in)

    def round(self, number):
        house = self.house
        self.flagged, self.draft_id, self.imports, self.again = False, None, None, False
        self.one, self.two, self.three = house.give(), house.give(), house.give()
        house.settle()
        house.judge()
        house.ward("sync")
        deed = self.DEEDS[number % len(self.DEEDS)]
        leave = random.choice((0, 0, 4096, random.randrange(200_000), random.randrange(2_000_000)))
        self.disk.fill(leave)
        try:
            deed(self)
        finally:
            self.disk.make_room()
        try:
            self.judge()
        except h.Wrong as wrong:
            raise h.Wrong(f"{deed.__name__} with {leave} bytes left: {wrong}; refused so far: {self.refused}") from wrong

    def judge(self):
        house = self.house
        if self.imports:
            code, _, err = house.ward("import", "--folder", "old", self.imports[1])
            if code:
                raise h.Wrong(f"with room again the import fails: {err}")
        if self.again:
            token = house.send(("bob",), ("carol",))
            if house.letters[token][1] != "sent":
                raise h.Wrong(f"with room again nothing can be sent: {house.last_answer}")
        house.settle()
        house.judge_letters()
        drafts = [mid for folder, mails in house.server.view().items() if folder == "Drafts" for mid, _, _ in mails.elements()]
        if self.draft_id and self.draft_id not in drafts or len(set(drafts)) != len(drafts):
            raise h.Wrong(f"the draft {self.draft_id} was kept, and there are {drafts}")
        for mid in drafts:
            house.placed[mid] = {"Drafts"}
        house.judge()
        if self.flagged and next(flags for mid, flags, _ in house.files.values() if mid == self.one) != "F":
            raise h.Wrong(f"{self.one} was flagged, and lost that")
        for mid in self.imports[0] if self.imports else ():
            if len(house.notmuch("search", "--output=messages", f"id:{mid}").split()) != 1:
                raise h.Wrong(f"{mid} was imported, and is not found")


def main():
    seed = os.environ.get("SEED") or str(random.randrange(10**9))
    print("seed", seed)
    random.seed(seed)
    house = h.House(sys.argv[1])
    house.settle()
    house.judge()
    full, begin, rounds = Full(house), time.monotonic(), int(os.environ.get("ROUNDS", "8"))
    for number in range(rounds):
        full.round(number)
    print(f"- {rounds} times without room: nothing lost, nothing doubled, and all went on afterwards ({time.monotonic() - begin:.0f} s)")
    for name, sentences in full.refused.items():
        for sentence in sorted(sentences):
            print(f"  {name}: {sentence}")
    if not full.refused:
        raise h.Wrong("nothing was ever refused, so nothing was tested")


try:
    main()
except h.Wrong as wrong:
    sys.exit(f"FAILED: {wrong}")
