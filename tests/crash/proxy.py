# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line that is cut after N bytes, counted in both directions together: by a reset, or by silence (the bytes are swallowed, nobody hears of it).

Used from Python: Proxy(port) listens on .port and passes on to the port. arm(n, how) counts from now on; crossed says how much went through."""
import selectors
import socket
import struct
import threading

CUT, FREEZE = "cut", "freeze"


class Proxy(threading.Thread):
    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.other = {}
        self.arm(None)
        self.start()

    def arm(self, limit, how=CUT):
        """limit: bytes from now on; None: never."""
        with self.lock:
            self.limit, self.how, self.crossed, self.struck = limit, how, 0, 0

    def accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            near.close()
            return
        for one, two in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.other[one] = two
            self.selector.register(one, selectors.EVENT_READ)

    def end(self, one, reset=False):
        for line in (one, self.other.pop(one, None)):
            if line is not None:
                self.other.pop(line, None)
                try:
                    self.selector.unregister(line)
                except KeyError:
                    pass
                if reset:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                line.close()

    def pass_on(self, one):
        """One piece; of the piece in which the limit lies, what is before it. Afterwards lines are cut once, or silent until somebody arms again."""
        try:
            data = one.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.end(one)
            return
        with self.lock:
            left = None if self.limit is None else max(self.limit - self.crossed, 0)
            self.crossed += len(data)
            strikes = left is not None and len(data) > left
            if strikes:
                data = data[:left]
                self.struck += 1
                if self.how == CUT:  # once: what follows is the retry
                    self.limit = None
            how = self.how
        try:
            if data:
                self.other[one].sendall(data)
        except OSError:
            self.end(one)
            return
        if strikes and how == CUT:
            self.end(one, True)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.other:
                    self.pass_on(key.fileobj)
