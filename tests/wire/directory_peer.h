/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* LDAP servers that are not what they should be, on a port of loopback, in a thread of their own. They answer every search in the same way. */
#pragma once
#include <glib.h>

enum directory_mood {
  DIRECTORY_PEER_GOOD = 0, /* one entry with a value, and the end */
  DIRECTORY_PEER_EMPTY,    /* nobody of that name */
  DIRECTORY_PEER_SILENT,   /* hears and says nothing */
  DIRECTORY_PEER_DRIP,     /* the good answer, a byte every 20 ms */
  DIRECTORY_PEER_GARBAGE,  /* bytes that are no BER */
  DIRECTORY_PEER_NESTED,   /* an entry of sequences within sequences, each longer than what it stands in */
  DIRECTORY_PEER_ENDLESS,  /* entries, and never an end */
  DIRECTORY_PEER_HUGE,     /* a message that says it is 2 GB long, and goes on and on */
  DIRECTORY_PEER_BIG,      /* a value of a megabyte, in a message that is right */
  DIRECTORY_PEER_MANY,     /* hundreds of values in one entry */
  DIRECTORY_PEER_STRAY,    /* the good answer to a question that nobody asked, again and again */
  DIRECTORY_PEER_REFERRAL, /* ask the other one */
  DIRECTORY_PEER_NOTICE,   /* says good-bye unasked (RFC 4511, 4.4.1) */
  DIRECTORY_PEER_HANG_UP,  /* takes the connection and closes it */
  DIRECTORY_PEER_BUSY,     /* the result says so */
  DIRECTORY_PEER_MUTE_TLS, /* says nothing to a TLS greeting */
  DIRECTORY_PEER_DRIP_TLS, /* a TLS record that comes a byte every 20 ms */
  DIRECTORY_PEER_MUTE_STARTTLS,
  DIRECTORY_PEER_MOODS
};
struct directory_peer;
/* elsewhere: what a referral names; NULL. value: what a good entry holds. Both borrowed. */
struct directory_peer *directory_peer_start (enum directory_mood mood, const char *elsewhere, const char *value);
guint16 directory_peer_port (struct directory_peer *peer);
guint directory_peer_stop (struct directory_peer *peer); /* how many connections came */

/* A port that takes connections and never answers the SYN: the queue of those that wait is full. Close all of fds_out. */
guint16 directory_peer_black_hole (int fds_out[4]);
