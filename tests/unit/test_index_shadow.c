/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Encrypted mail is found by what its shadow says, and by nothing that a signature or a wrapping says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "mail/engine.h"
#include "tests/unit/index_world.h"

static void
check_shadow (struct index_world *world, const char *id)
{
  static const char *const tags[] = { "inbox", NULL };
  gboolean more;
  g_autofree char *path = index_world_path (world, "enc:2,S");
  g_autofree char *outer = index_world_text (id, NULL, "...", INDEX_WORLD_T0,
                                             "-----BEGIN PGP MESSAGE-----\nwcBMA\n-----END PGP MESSAGE-----");
  g_autofree char *inner = index_world_text (id, NULL, "biopsy result", INDEX_WORLD_T0, "leukocyte count normal");
  g_autofree char *shadow_dir = g_build_filename (world->mail_dir, ".shadow", NULL);
  index_world_put (path, outer);
  assert_int_equal (index_world_add_full (world, path, tags, NULL, inner, NULL), 1);
  assert_int_equal (index_world_files_in (shadow_dir), 0);
  assert_int_equal (index_world_count (world, "*"), 1);
  assert_int_equal (index_world_count (world, "leukocyte"), 1);
  assert_int_equal (index_world_count (world, "subject:biopsy"), 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "leukocyte", 0, 0, &more);
  index_world_assert_field (rows, 0, "subject", "biopsy result");
  index_world_assert_field (rows, 0, "tags", "inbox");
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, NULL, "leukocyte", NULL));
  index_world_assert_field (found, 0, "paths", path);
  g_autofree char *moved = index_world_path (world, "enc:2,FS"); /* terms and subject survive a rename */
  assert_int_equal (g_rename (path, moved), 0);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, moved));
  assert_true (index_write_moved (world->db, move, NULL));
  g_autoptr (GVariant) after = index_world_threads (world, "leukocyte", 0, 0, &more);
  index_world_assert_field (after, 0, "subject", "biopsy result");
}

static void
test_shadow (void **state)
{
  check_shadow (*state, "enc@x");
}

static void
test_shadow_without_id (void **state)
{
  check_shadow (*state, NULL);
}

/* Indexed by its outside before its shadow came: the subject is the protected one afterwards, tags and files stay. */
static void
test_shadow_late (void **state)
{
  struct index_world *world = *state;
  gboolean more;
  g_autofree char *path = index_world_add_mail (world, "enc", "enc@x", NULL, "...", INDEX_WORLD_T0, "ciphertext");
  g_autofree char *copy = index_world_add_mail (world, "copy", "enc@x", NULL, "...", INDEX_WORLD_T0, "ciphertext");
  const char *ids[] = { "enc@x", NULL }, *add[] = { "keep", NULL }, *none[] = { NULL };
  g_variant_unref (g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, add, none, FALSE, NULL)));
  g_autofree char *inner
      = index_world_text ("other@y", NULL, "biopsy result", INDEX_WORLD_T0, "leukocyte count normal");
  assert_int_equal (index_world_add_full (world, path, NULL, NULL, inner, NULL), 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "leukocyte", 0, 0, &more);
  index_world_assert_field (rows, 0, "subject", "biopsy result");
  index_world_assert_field (rows, 0, "tags", "inbox,keep");
  index_world_assert_field (rows, 0, "newest", "enc@x"); /* whatever ID the shadow claims, it belongs to this mail */
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, NULL, "leukocyte", NULL));
  g_autofree char *paths = index_world_field (found, 0, "paths");
  assert_non_null (strstr (paths, copy));
  assert_non_null (strstr (paths, path));
  assert_int_equal (index_world_count (world, "*"), 1);
}

static void
test_shadow_left_behind (void **state)
{
  struct index_world *world = *state;
  g_autofree char *dir = g_build_filename (world->mail_dir, ".shadow", NULL);
  g_autofree char *left = g_build_filename (dir, "abcdef", NULL);
  (void) g_mkdir (dir, 0700);
  index_world_put (left, "secret");
  index_world_reopen (world);
  assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
}

#define SIGNED_HEAD                                                                                                    \
  "From: a@x.org\nSubject: s\nDate: Mon, 3 Mar 2025 09:00:00 +0000\nMIME-Version: 1.0\n"                               \
  "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\n\n--s\n"
#define SIGNATURE                                                                                                      \
  "\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Disposition: attachment; "                \
  "filename=smime.p7s\n\nMIIB\n--s--\n"
#define WITH_FILE                                                                                                      \
  "Content-Type: multipart/mixed; boundary=m\n\n--m\n\ntext\n--m\nContent-Type: text/csv\n"                            \
  "Content-Disposition: attachment; filename=a.csv\n\n1,2\n--m--\n"
#define ENVELOPE                                                                                                       \
  "From: a@x.org\nSubject: s\nDate: Mon, 3 Mar 2025 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: "                 \
  "application/pkcs7-mime; "                                                                                           \
  "smime-type=enveloped-data; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\n\nMIIB\n"

/* A signature is no attachment, nor is the wrapping of an encrypted mail; not after a move either. */
static void
test_attachment_mark (void **state)
{
  struct index_world *world = *state;
  static const struct {
    const char *id, *text, *shadow;
    guint marked;
  } cases[] = {
    { "signed@x", SIGNED_HEAD "\ntext\n" SIGNATURE, NULL, 0 },
    { "file@x", SIGNED_HEAD WITH_FILE SIGNATURE, NULL, 1 },
    { "closed@x", ENVELOPE, NULL, 0 },
    { "opened@x", ENVELOPE, "Message-ID: <opened@x>\nFrom: a@x.org\nSubject: s\nMIME-Version: 1.0\n" WITH_FILE, 1 },
    { "plain@x", ENVELOPE, "Message-ID: <plain@x>\nFrom: a@x.org\nSubject: s\n\ntext\n", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = g_strdup_printf ("%s:2,", cases[i].id), *seen = g_strdup_printf ("%s:2,S", cases[i].id);
    g_autofree char *path = index_world_path (world, name), *moved = index_world_path (world, seen);
    g_autofree char *text = g_strdup_printf ("Message-ID: <%s>\n%s", cases[i].id, cases[i].text);
    g_autofree char *query = g_strdup_printf ("id:%s and tag:attachment", cases[i].id);
    index_world_put (path, text);
    assert_int_equal (index_world_add_full (world, path, NULL, NULL, cases[i].shadow, NULL), 1);
    assert_int_equal (index_world_count (world, query), cases[i].marked);
    assert_int_equal (rename (path, moved), 0);
    g_autoptr (GVariant) moves = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, moved));
    assert_true (index_write_moved (world->db, moves, NULL));
    assert_int_equal (index_world_count (world, query), cases[i].marked);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    INDEX_WORLD_TEST (test_shadow),          INDEX_WORLD_TEST (test_shadow_without_id),
    INDEX_WORLD_TEST (test_shadow_late),     INDEX_WORLD_TEST (test_shadow_left_behind),
    INDEX_WORLD_TEST (test_attachment_mark),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
