#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers and LDAP servers with moods, for a network of their own.

usage: ldap_peers.py DIR
DNS on 127.0.0.9 answers SRV questions by the lines of DIR/srv ("DOMAIN PRIORITY PORT HOST"), and nobody's for what ends in
mute.test; each question is a line of DIR/questions. LDAP on 127.0.0.3, a port for each mood (below); where a referral leads, each
connection is a line of DIR/led. At one more port nobody gets through: what is sent there is swallowed.
"""
import itertools
import socket
import struct
import sys
import threading
import time

DIR = sys.argv[1]
MOODS = {1001: "silent", 1002: "drip", 1003: "garbage", 1004: "endless", 1005: "huge", 1006: "referral", 1007: "flood",
         1008: "big"}
HOLE, TRAP = 1009, 1010


# ---- DNS (RFC 1035, 2782)
def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def question_of(packet):
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode().lower())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack(">H", packet[at + 1:at + 3])[0], packet[12:at + 5]


def records_for(domain):
    rows = []
    for line in open(f"{DIR}/srv", encoding="ascii"):
        where, priority, port, host = line.split()
        if "_ldap._tcp." + where == domain:
            data = struct.pack(">HHH", int(priority), 1, int(port)) + name(host)
            rows.append(b"\xc0\x0c" + struct.pack(">HHIH", 33, 1, 60, len(data)) + data)
    return rows


def dns():
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.9", 53))
    print("ready", flush=True)
    while True:
        packet, who = line.recvfrom(4096)
        domain, kind, echo = question_of(packet)
        with open(f"{DIR}/questions", "a", encoding="ascii") as log:
            log.write(f"{kind} {domain}\n")
        if domain.endswith("mute.test"):
            continue
        rows = records_for(domain) if kind == 33 else []
        flags = 0x8180 if rows else 0x8183
        line.sendto(packet[:2] + struct.pack(">HHHHH", flags, 1, len(rows), 0, 0) + echo + b"".join(rows), who)


# ---- LDAP (RFC 4511)
def tagged(tag, *content):
    inside = b"".join(content)
    return bytes([tag, 0x84]) + struct.pack(">I", len(inside)) + inside


def entry(number, value):
    attribute = tagged(0x30, tagged(0x04, b"userCertificate;binary"), tagged(0x31, tagged(0x04, value)))
    return tagged(0x30, tagged(0x02, bytes([number])), tagged(0x64, tagged(0x04, b"cn=x"), tagged(0x30, attribute)))


def answers(mood, number):
    value = b"0" + b"x" * 3000
    if mood == "endless":
        return itertools.repeat(entry(number, value))
    if mood == "flood":
        return itertools.repeat(entry(0x77, value))
    if mood == "garbage":
        return iter([b"\xff" * 100])
    if mood == "huge":
        return itertools.chain([bytes.fromhex("30847fffffff020101")], itertools.repeat(b"x" * 4096))
    if mood == "big":
        return iter([entry(number, b"0" * 5000000)])
    if mood == "drip":
        return (bytes([byte]) for byte in entry(number, value))
    url = f"ldap://127.0.0.3:{TRAP}/dc=x".encode()
    done = tagged(0x65, b"\x0a\x01\x0a\x04\0\x04\0", tagged(0xa3, tagged(0x04, url)))
    return iter([tagged(0x30, tagged(0x02, bytes([number])), done)] if mood == "referral" else [])


def serve(line, mood):
    try:
        while heard := line.recv(65536):
            at = 2 + (heard[1] & 0x7f if heard[1] & 0x80 else 0)
            for piece in answers(mood, heard[at + 2]):
                line.sendall(piece)
                if mood == "drip":
                    time.sleep(0.05)
    except OSError:
        pass
    line.close()


def listen(port, mood):
    server = socket.create_server(("127.0.0.3", port))
    while True:
        line = server.accept()[0]
        if mood is None:
            with open(f"{DIR}/led", "a", encoding="ascii") as log:
                log.write("somebody came\n")
        threading.Thread(target=serve, args=(line, mood), daemon=True).start()


hole = socket.socket()  # its queue is full
hole.bind(("127.0.0.3", HOLE))
hole.listen(0)
waiting = [socket.socket() for _ in range(3)]
for each in waiting:
    each.setblocking(False)
    each.connect_ex(("127.0.0.3", HOLE))
for each in [*MOODS.items(), (TRAP, None)]:
    threading.Thread(target=listen, args=each, daemon=True).start()
dns()
