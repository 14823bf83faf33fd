#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tap on the SMTP line: ends the client's TLS, opens TLS to the server behind, and keeps what the client sent.

usage: smtp_tap.py DIR LISTEN:SERVER (implicit TLS) LISTEN:SERVER (STARTTLS)
Each connection is one file DIR/tap/N.client (and N.server), written as the bytes come. What was sent before TLS is in
it too, and a connection from which nothing came leaves an empty file. Serves the tests' loopback only.
"""
import itertools
import os
import socket
import ssl
import sys
import threading
import time

DIR = sys.argv[1]
COUNT = itertools.count(1)
STALL_BYTES = 100_000


def contexts():
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(f"{DIR}/tls/server.pem", f"{DIR}/tls/server.key")
    outside = ssl.create_default_context(cafile=f"{DIR}/tls/ca.pem")
    return inside, outside


INSIDE, OUTSIDE = contexts()


def pump(source, target, record):
    """Copies one direction until its end, then says so to the other side. While DIR/tap/stall exists, a long mail gets stuck."""
    passed = 0
    try:
        while data := source.recv(65536):
            record.write(data)
            record.flush()
            passed += len(data)
            while passed > STALL_BYTES and os.path.exists(f"{DIR}/tap/stall"):
                time.sleep(0.02)
            target.sendall(data)
    except (OSError, ssl.SSLError):
        pass
    finally:
        for sock in (source, target):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def read_reply(sock):
    """One whole SMTP reply, which may have several lines."""
    reply = b""
    while True:
        byte = sock.recv(1)
        if not byte:
            raise ConnectionError
        reply += byte
        if reply.endswith(b"\n") and reply.splitlines()[-1][3:4] != b"-":
            return reply


def read_line(sock):
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            raise ConnectionError
        line += byte
    return line


def to_starttls(client, server, sent, got):
    """Relays line by line until STARTTLS was agreed on; returns both ends under TLS."""
    while True:
        reply = read_reply(server)
        got.write(reply)
        client.sendall(reply)
        line = read_line(client)
        sent.write(line)
        sent.flush()
        server.sendall(line)
        if line.strip().upper() == b"STARTTLS":
            reply = read_reply(server)
            client.sendall(reply)
            if reply.startswith(b"220"):
                return (INSIDE.wrap_socket(client, server_side=True),
                        OUTSIDE.wrap_socket(server, server_hostname="localhost"))


def serve(client, port, starttls):
    name = f"{DIR}/tap/{next(COUNT):05d}"
    with open(name + ".client", "wb") as sent, open(name + ".server", "wb") as got:
        try:
            server = socket.create_connection(("127.0.0.1", port))
            if starttls:
                client, server = to_starttls(client, server, sent, got)
            else:
                client = INSIDE.wrap_socket(client, server_side=True)
                server = OUTSIDE.wrap_socket(server, server_hostname="localhost")
        except (OSError, ssl.SSLError, ConnectionError):
            client.close()
            return
        back = threading.Thread(target=pump, args=(server, client, got), daemon=True)
        back.start()
        pump(client, server, sent)
        back.join()
        client.close()
        server.close()


def listen(pair, starttls):
    port, behind = map(int, pair.split(":"))
    listener = socket.create_server(("127.0.0.1", port), backlog=50)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)  # what is stuck is stuck with the client
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, behind, starttls), daemon=True).start()


os.umask(0o077)
threading.Thread(target=listen, args=(sys.argv[3], True), daemon=True).start()
listen(sys.argv[2], False)
