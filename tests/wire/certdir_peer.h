/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* LDAP servers that are not what they should be, on a port of loopback, in a thread of their own. They answer every search in the same way. */
#pragma once
#include <glib.h>

enum certdir_mood {
  CERTDIR_PEER_GOOD = 0, /* one entry with a value, and the end */
  CERTDIR_PEER_EMPTY,    /* nobody of that name */
  CERTDIR_PEER_SILENT,   /* hears and says nothing */
  CERTDIR_PEER_DRIP,     /* the good answer, a byte every 20 ms */
  CERTDIR_PEER_GARBAGE,  /* bytes that are no BER */
  CERTDIR_PEER_NESTED,   /* an entry of sequences within sequences, each longer than what it stands in */
  CERTDIR_PEER_ENDLESS,  /* entries, and never an end */
  CERTDIR_PEER_HUGE,     /* a message that says it is 2 GB long, and goes on and on */
  CERTDIR_PEER_BIG,      /* a value of a megabyte, in a message that is right */
  CERTDIR_PEER_MANY,     /* hundreds of values in one entry */
  CERTDIR_PEER_STRAY,    /* the good answer to a question that nobody asked, again and again */
  CERTDIR_PEER_REFERRAL, /* ask the other one */
  CERTDIR_PEER_NOTICE,   /* says good-bye unasked (RFC 4511, 4.4.1) */
  CERTDIR_PEER_HANG_UP,  /* takes the connection and closes it */
  CERTDIR_PEER_BUSY,     /* the result says so */
  CERTDIR_PEER_MUTE_TLS, /* says nothing to a TLS greeting */
  CERTDIR_PEER_DRIP_TLS, /* a TLS record that comes a byte every 20 ms */
  CERTDIR_PEER_MUTE_STARTTLS,
  CERTDIR_PEER_MOODS
};
struct certdir_peer;
/* elsewhere: what a referral names; NULL. value: what a good entry holds. Both borrowed. */
struct certdir_peer *certdir_peer_start (enum certdir_mood mood, const char *elsewhere, const char *value);
guint16 certdir_peer_port (struct certdir_peer *peer);
guint certdir_peer_stop (struct certdir_peer *peer); /* how many connections came */

/* A port that takes connections and never answers the SYN: the queue of those that wait is full. Close all of fds_out. */
guint16 certdir_peer_black_hole (int fds_out[4]);
