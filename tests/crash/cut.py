# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line to a server is cut after N bytes, for N over a whole session, and once it only falls silent; house.py judges what there is afterwards.

cut.py DIR       POINTS: how many N for each of the sessions (4), spread over them at random; STEP instead: each STEP-th byte. SILENCE: set, to try that.
LINE: "imap" or "smtp" alone.
"""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
import house as h  # noqa: E402
import proxy  # noqa: E402

SILENT_S = 180  # in which silence must be noticed, also where it comes back


class Cut:
    def __init__(self, house):
        self.house = house
        env = h.settings(house.dir / "servers.env")
        self.lines = {"imap": proxy.Proxy(int(env["IMAP_PORT"])), "smtp": proxy.Proxy(int(env["SMTP_PORT"]))}
        path = house.profile / "config/accounts.conf"
        text = path.read_text()
        for line, port in (("imap", env["IMAP_PORT"]), ("smtp", env["SMTP_PORT"])):
            if port not in text:
                raise h.Wrong("the account has no port of that server")
            text = text.replace(port, str(self.lines[line].port))
        path.write_text(text)
        self.mails = []

    def session(self):
        """Mail comes and goes on both sides, and a letter goes out."""
        house = self.house
        for mid in self.mails:
            for folder in ("INBOX", "Archive"):
                house.server.remove(folder, mid)
            house.placed[mid] = None
        moved, flagged, there = house.give(), house.give(), house.give()
        self.mails = [moved, flagged, there]
        house.settle()
        self.start()
        self.mails += [house.give(), house.give(body="A long mail.\r\n" * 2000)]
        house.server.move("INBOX", "Archive", there)
        house.placed[there] = {"Archive"}
        house.change(flagged, "flag")
        if house.change(moved, "archive")[0] == 0:
            house.placed[moved] = {"Archive"}
        house.ward("sync", limit=SILENT_S + 20)
        house.send(("bob",), ("carol",), SILENT_S + 20)
        house.ward("sync", limit=SILENT_S + 20)

    def turn(self, line, limit, how=proxy.CUT):
        """One session with a line that breaks. Returns how many bytes crossed it, and how often it broke."""
        self.start = lambda: self.lines[line].arm(limit, how)
        try:
            self.session()
            crossed, struck = self.lines[line].crossed, self.lines[line].struck
            self.lines[line].arm(None)
            self.house.settle()
            if how == proxy.FREEZE:  # what Postfix had half may be whole only when the line was given up
                time.sleep(2)
                self.house.settle()
            self.house.judge_letters()
            self.house.judge()
        except h.Wrong as wrong:
            raise h.Wrong(f"{how} of {line} after {limit} bytes: {wrong}") from wrong
        return crossed, struck

    def sweep(self, line):
        begin = time.monotonic()
        size, _ = self.turn(line, None)
        if os.environ.get("STEP"):
            points = range(random.randrange(int(os.environ["STEP"])), size, int(os.environ["STEP"]))
        else:
            number = int(os.environ.get("POINTS", "4"))  # one at random of each part
            points = [random.randrange(size * part // number, size * (part + 1) // number) for part in range(number)]
        broken = sum(self.turn(line, point)[1] for point in points)
        print(f"- {line}: a session of {size} bytes, cut at {broken} places; each time all was there once afterwards "
              f"({time.monotonic() - begin:.0f} s)", flush=True)
        if broken < len(points) // 2:
            raise h.Wrong(f"only {broken} of {len(points)} cuts took place")

    def silence(self, line, limit):
        begin = time.monotonic()
        _, struck = self.turn(line, limit, proxy.FREEZE)
        print(f"- {line}: silent after {limit} bytes ({struck} pieces swallowed); noticed, and mended ({time.monotonic() - begin:.0f} s)", flush=True)
        if not struck:
            raise h.Wrong("the line was never silent")


def main():
    seed = os.environ.get("SEED") or str(random.randrange(10**9))
    print("seed", seed)
    random.seed(seed)
    house = h.House(sys.argv[1])
    house.settle()
    cut = Cut(house)
    lines = os.environ.get("LINE", "imap smtp").split()
    for line in lines:
        cut.sweep(line)
    if os.environ.get("SILENCE"):
        for line in lines:
            cut.silence(line, random.randrange(3000, 6000))


try:
    main()
except h.Wrong as wrong:
    sys.exit(f"FAILED: {wrong}")
