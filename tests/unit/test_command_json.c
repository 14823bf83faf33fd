/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* ui/commands/command_json: what the engine says, or fails to say, takes exactly the form of the contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "ui/commands/command_json.h"
#include "ui/commands/command_view.h"

static const struct command_json_field inner[]
    = { { "a", COMMAND_JSON_TEXT, NULL }, { NULL, COMMAND_JSON_TEXT, NULL } };
static const struct command_json_field fields[] = {
  { "text", COMMAND_JSON_TEXT, NULL },        { "maybe", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "texts", COMMAND_JSON_TEXTS, NULL },      { "time", COMMAND_JSON_TIME, NULL },
  { "flag", COMMAND_JSON_FLAG, NULL },        { "number", COMMAND_JSON_NUMBER, NULL },
  { "object", COMMAND_JSON_OBJECT, inner },   { "or_null", COMMAND_JSON_OBJECT_OR_NULL, inner },
  { "objects", COMMAND_JSON_OBJECTS, inner }, { NULL, COMMAND_JSON_TEXT, NULL },
};

static void
assert_json (const char *dictionary, const struct command_json_field *want_fields, const char *want)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value
      = dictionary != NULL ? g_variant_parse (G_VARIANT_TYPE_VARDICT, dictionary, NULL, NULL, &error) : NULL;
  assert_null (error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  command_json_object (builder, want_fields, value);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  JsonNode *root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  g_autofree char *text = json_generator_to_data (generator, NULL);
  json_node_unref (root);
  assert_string_equal (text, want);
}

static void
everything (void **state)
{
  assert_json (
      "{'text': <'Grüße'>, 'maybe': <@ms 'x'>, 'texts': <['a', 'b']>, 'time': <int64 1700000000>, 'flag': <true>, "
      "'number': <uint32 7>,"
      " 'object': <{'a': <'1'>}>, 'or_null': <{'a': <'2'>}>, 'objects': <[{'a': <'3'>}]>, 'unknown': <'never shown'>}",
      fields,
      "{\"text\":\"Grüße\",\"maybe\":\"x\",\"texts\":[\"a\",\"b\"],\"time\":\"2023-11-14T22:13:20Z\",\"flag\":true,"
      "\"number\":7,"
      "\"object\":{\"a\":\"1\"},\"or_null\":{\"a\":\"2\"},\"objects\":[{\"a\":\"3\"}]}");
}

#define NOTHING                                                                                                        \
  "{\"text\":\"\",\"maybe\":null,\"texts\":[],\"time\":null,\"flag\":false,\"number\":0,\"object\":{\"a\":\"\"},\"or_" \
  "null\":null,\"objects\":[]}"

static void
nothing (void **state)
{
  assert_json (NULL, fields, NOTHING);
  assert_json ("{}", fields, NOTHING);
  assert_json ("{'maybe': <''>, 'time': <int64 0>, 'or_null': <@a{sv} {}>, 'text': <@ms nothing>}", fields, NOTHING);
}

/* A field of another type than the contract's is as good as none. */
static void
wrong_types (void **state)
{
  assert_json ("{'text': <1>, 'maybe': <[1]>, 'texts': <'x'>, 'time': <['x']>, 'flag': <'x'>, 'number': <'x'>, "
               "'object': <1>, 'or_null': <'x'>,"
               " 'objects': <1>}",
               fields, NOTHING);
}

static void
times (void **state)
{
  static const struct {
    gint64 time;
    const char *text;
  } good[] = {
    { 0, "1970-01-01T00:00:00Z" },
    { -1, "1969-12-31T23:59:59Z" },
    { 253402300799, "9999-12-31T23:59:59Z" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autofree char *text = command_json_time (good[i].time);
    gint64 back = 42;
    assert_string_equal (text, good[i].text);
    assert_true (command_json_parse_time (text, &back));
    assert_int_equal (back, good[i].time);
  }
  assert_null (command_json_time (G_MAXINT64));
  assert_null (command_json_time (G_MININT64));
  gint64 time = 0;
  assert_true (command_json_parse_time ("2026-11-21t23:00:00.5+01:00", &time));
  assert_int_equal (time, 1795298400);
  assert_true (command_json_parse_time ("2026-11-21 22:00:00Z", &time)); /* RFC 3339 lets a blank stand for the T */
  static const char *const bad[] = { "",
                                     "now",
                                     "2026-11-21",
                                     "2026-11-21T22:00:00",
                                     "2026-13-21T22:00:00Z",
                                     "2026-11-21T25:00:00Z",
                                     "2026-11-21T22:00:00Z ",
                                     "20261121T220000Z",
                                     "-2026-11-21T22:00:00Z",
                                     "\xff" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    if (command_json_parse_time (bad[i], &time))
      fail_msg ("“%s” was taken as a time", bad[i]);
}

/* JSON has UTC, people their own clock. */
static void
local_times (void **state)
{
  g_autoptr (GVariant) row = g_variant_ref_sink (g_variant_new_parsed (
      "{'x': <int64 1795298400>, 'text': <'2026-11-21T17:00:00-05:00'>, 'none': <int64 0>, 'odd': <'now'>}"));
  static const char *const want[][2]
      = { { "x", "2026-11-22 03:30" }, { "text", "2026-11-22 03:30" }, { "none", "" }, { "odd", "now" } };
  for (gsize i = 0; i < G_N_ELEMENTS (want); i++) {
    g_autofree char *text = command_json_get (row, want[i][0], COMMAND_JSON_TIME);
    assert_string_equal (text, want[i][1]);
  }
  g_autofree char *never = command_json_local_time (G_MAXINT64);
  assert_string_equal (never, "");
}

/* The names that scripts rely on, from the outside in. */
static void
contract (void **state)
{
  assert_json (NULL, command_view_fields,
               "{\"subject\":\"\",\"outer_subject\":\"\",\"from\":[],\"to\":[],\"cc\":[],\"date\":null,\"message_id\":"
               "\"\",\"protected_headers\":[],"
               "\"text_body\":\"\",\"parts\":[],\"verdict\":{\"line\":\"\",\"tone\":\"\"},"
               "\"signature\":{\"state\":\"\",\"protocol\":null,\"signer\":null,\"fingerprint\":null,\"covers\":\"\","
               "\"parts\":[],\"time\":null},"
               "\"encryption\":{\"protocol\":null,\"decrypted\":false,\"cipher\":null,\"integrity\":null,\"covers\":"
               "\"\",\"reason\":null},"
               "\"remote_loads\":[],\"warnings\":[]}");
}

int
main (void)
{
  g_setenv ("TZ", "XST-5:30", TRUE); /* 5:30 ahead of UTC, by POSIX */
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (everything), cmocka_unit_test (nothing),     cmocka_unit_test (wrong_types),
          cmocka_unit_test (times),      cmocka_unit_test (local_times), cmocka_unit_test (contract) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
