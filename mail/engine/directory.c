/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys that are missing to the network and back. See directory.h. */
#include "mail/engine/directory.h"

#include <signal.h>
#include <string.h>

#include "crypto/addrspec.h"
#include "mail/engine/pace.h"

#define LIMIT_MS 6000  /* of one question */
#define RUNNING_MAX 12 /* processes at a time */
#define LOOKS_MAX 300  /* under way; more are not begun, and the next to ask will find less to do */
#define MARGIN_MS 250  /* for the way between the processes */
#define PAUSE_US (60 * G_USEC_PER_SEC)

/* One directory, one address. */
struct look {
  struct core *core;
  char *name, *source, *address;
  struct supervised *worker; /* NULL: it waits for its turn */
  GPtrArray *waiting;        /* struct waiting *: to be told, borrowed */
};

/* Somebody who waits for several of them. */
struct waiting {
  guint left, timer;
  directory_done_fn done; /* NULL: told already */
  gpointer data;
};

static void
tell (struct waiting *waiting)
{
  directory_done_fn done = waiting->done;
  g_clear_handle_id (&waiting->timer, g_source_remove);
  waiting->done = NULL;
  if (done != NULL)
    done (waiting->data);
}

static void
one_less (gpointer data)
{
  struct waiting *waiting = data;
  if (--waiting->left > 0)
    return;
  tell (waiting);
  g_free (waiting);
}

static gboolean
on_late (gpointer data)
{
  struct waiting *waiting = data;
  waiting->timer = 0;
  tell (waiting);
  return G_SOURCE_REMOVE;
}

static char *
name_of (const char *source, const char *address)
{
  g_autofree char *folded = addrspec_fold (address);
  return folded != NULL ? g_strconcat (source, " ", folded, NULL) : NULL;
}

static const char *
domain_of (const char *address)
{
  const char *at = strchr (address, '@');
  return at != NULL ? at + 1 : "";
}

static gboolean
free_worker (gpointer worker)
{
  supervised_free (worker);
  return G_SOURCE_REMOVE;
}

static void
look_free (gpointer data)
{
  struct look *look = data;
  if (look->worker != NULL)
    g_idle_add (free_worker, look->worker); /* not from within its own call */
  g_ptr_array_unref (look->waiting);
  g_free (look->name);
  g_free (look->source);
  g_free (look->address);
  g_free (look);
}

/* It is over: those who wait for it ask again. */
static void
look_end (struct look *look)
{
  struct core *core = look->core;
  g_autoptr (GPtrArray) waiting = g_ptr_array_ref (look->waiting);
  server_event (core->server, "keys", g_variant_new_parsed ("{'address': <%s>}", look->address));
  g_hash_table_remove (core->looks, look->name);
  core->busy--;
  for (guint i = 0; i < waiting->len; i++)
    one_less (g_ptr_array_index (waiting, i));
}

static void
on_learnt (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct look *look = data;
  if (error != NULL)
    look->core->looks_not_before = g_get_monotonic_time () + PAUSE_US;
  look_end (look);
}

static void
learn (struct look *look, const char *said, GVariant *keys, GUnixFDList *fds)
{
  supervised_call (look->core->keys, "learn_keys",
                   g_variant_new_parsed ("{'source': <%s>, 'address': <%s>, 'said': <%s>, 'keys': <%@ah>}",
                                         look->source, look->address, said, keys),
                   fds, NULL, on_learnt, look);
}

static GVariant *
no_keys (void)
{
  return g_variant_new_array (G_VARIANT_TYPE_HANDLE, NULL, 0);
}

/* A domain that does not answer is not asked once for each of its people. */
static void
skip_others (struct core *core, const struct look *silent)
{
  GQueue others = G_QUEUE_INIT;
  for (GList *item = core->looks_waiting.head, *next; item != NULL; item = next) {
    struct look *look = item->data;
    next = item->next;
    if (strcmp (look->source, silent->source) != 0
        || g_ascii_strcasecmp (domain_of (look->address), domain_of (silent->address)) != 0)
      continue;
    g_queue_delete_link (&core->looks_waiting, item);
    g_queue_push_tail (&others, look);
  }
  for (struct look *look; (look = g_queue_pop_head (&others)) != NULL;)
    learn (look, "nothing", no_keys (), NULL);
}

static void run_next (struct core *core);

static void
on_answer (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct look *look = data;
  struct core *core = look->core;
  const char *said = "nothing";
  core->looks_running--;
  if (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED)) {
    look_end (look);
    return;
  }
  g_autoptr (GVariant) keys = error == NULL ? g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("ah")) : NULL;
  if (keys == NULL)
    keys = g_variant_ref_sink (no_keys ());
  if (error == NULL)
    (void) g_variant_lookup (reply, "said", "&s", &said);
  if (strcmp (said, "nothing") == 0)
    skip_others (core, look);
  learn (look, said, keys, fds);
  run_next (core);
}

/* Authorities of the organisation, for people of its own domains. */
static const char *
ca_file_for (struct core *core, const char *address)
{
  const char *domain = domain_of (address);
  gboolean own = FALSE;
  for (char **name = core->policy != NULL ? core->policy->own_domains : NULL; name != NULL && *name != NULL; name++)
    own |= g_ascii_strcasecmp (*name, domain) == 0;
  for (guint i = 0; i < core->accounts->len; i++) {
    const struct account *account = ((struct core_account *) g_ptr_array_index (core->accounts, i))->account;
    if (account->ca_file != NULL && (own || g_ascii_strcasecmp (domain_of (account->address), domain) == 0))
      return account->ca_file;
  }
  return NULL;
}

static GVariant *
start_look (gpointer owner, GError **error)
{
  const struct look *look = owner;
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  const char *ca_file = ca_file_for (look->core, look->address);
  if (ca_file != NULL)
    g_ptr_array_add (files, (gpointer) ca_file);
  if (strcmp (look->source, "ldap") == 0)
    directory_ldap_files (look->core, files);
  g_ptr_array_add (files, NULL);
  return g_variant_new_parsed ("{'ca_files': <%^as>}", files->pdata);
}

static void
run (struct look *look)
{
  static const struct supervised_hooks hooks = { .start = start_look };
  const char *ca_file = ca_file_for (look->core, look->address);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "source", "s", look->source);
  g_variant_dict_insert (&args, "address", "s", look->address);
  g_variant_dict_insert (&args, "limit_ms", "u", (guint32) LIMIT_MS);
  if (ca_file != NULL)
    g_variant_dict_insert (&args, "ca_file", "s", ca_file);
  if (strcmp (look->source, "ldap") == 0)
    directory_ldap_ask (look->core, &args);
  look->core->looks_running++;
  look->worker = supervised_new (PEER_LOOKUP, "directory", "The part that looks up keys", &hooks, look);
  supervised_call (look->worker, "find_keys", g_variant_dict_end (&args), NULL, NULL, on_answer, look);
}

static void
run_next (struct core *core)
{
  while (core->looks_running < RUNNING_MAX && !g_queue_is_empty (&core->looks_waiting))
    run (g_queue_pop_head (&core->looks_waiting));
}

/* The look, which may have been under way before; NULL: it cannot be. */
static struct look *
begin (struct core *core, const char *source, const char *address)
{
  g_autofree char *name = name_of (source, address);
  struct look *look = name != NULL ? g_hash_table_lookup (core->looks, name) : NULL;
  if (name == NULL || look != NULL || g_hash_table_size (core->looks) >= LOOKS_MAX
      || g_get_monotonic_time () < core->looks_not_before)
    return look;
  look = g_new0 (struct look, 1);
  look->core = core;
  look->name = g_steal_pointer (&name);
  look->source = g_strdup (source);
  look->address = g_strdup (address);
  look->waiting = g_ptr_array_new ();
  core->busy++; /* what is asked for is waited for, or it would be asked for again and again */
  g_hash_table_insert (core->looks, look->name, look);
  g_queue_push_tail (&core->looks_waiting, look);
  return look;
}

static gboolean
is_unfinished (const char *const *unfinished, const char *address)
{
  for (; unfinished != NULL && *unfinished != NULL; unfinished++)
    if (addrspec_equal (*unfinished, address))
      return TRUE;
  return FALSE;
}

void
directory_look (struct core *core, GVariant *looks, const char *const *unfinished, guint wait_ms,
                directory_done_fn done, gpointer data)
{
  struct waiting *waiting = g_new0 (struct waiting, 1);
  waiting->left = 1; /* this function's own */
  waiting->done = done;
  waiting->data = data;
  for (gsize i = 0; i < g_variant_n_children (looks); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (looks, i);
    const char *source = "", *address = "";
    gboolean wanted = FALSE;
    (void) g_variant_lookup (row, "source", "&s", &source);
    (void) g_variant_lookup (row, "address", "&s", &address);
    (void) g_variant_lookup (row, "wanted", "b", &wanted);
    struct look *look = is_unfinished (unfinished, address) ? NULL : begin (core, source, address);
    if (look == NULL || !wanted || done == NULL)
      continue;
    waiting->left++;
    g_ptr_array_add (look->waiting, waiting);
  }
  if (waiting->left > 1)
    waiting->timer = g_timeout_add (wait_ms, on_late, waiting);
  run_next (core);
  one_less (waiting);
}

guint
directory_left_ms (gint64 since_us)
{
  const gint64 left = (gint64) (DIRECTORY_WAIT_MS - MARGIN_MS) * pace () - (g_get_monotonic_time () - since_us) / 1000;
  return left > 0 ? (guint) left : 0;
}

gboolean
directory_is_looking (struct core *core, const char *address)
{
  GHashTableIter iter;
  gpointer look;
  g_hash_table_iter_init (&iter, core->looks);
  while (g_hash_table_iter_next (&iter, NULL, &look))
    if (addrspec_equal (((struct look *) look)->address, address))
      return TRUE;
  return FALSE;
}

void
directory_init (struct core *core)
{
  core->looks = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, look_free);
  g_queue_init (&core->looks_waiting);
}

void
directory_stop (struct core *core)
{
  g_autoptr (GList) looks = g_hash_table_get_values (core->looks);
  g_autoptr (GPtrArray) workers = g_ptr_array_new ();
  for (GList *item = looks; item != NULL; item = item->next)
    if (((struct look *) item->data)->worker != NULL)
      g_ptr_array_add (workers, ((struct look *) item->data)->worker);
  for (struct look *look; (look = g_queue_pop_head (&core->looks_waiting)) != NULL;)
    look_end (look);
  for (guint i = 0; i < workers->len; i++) {
    struct supervised *worker = g_ptr_array_index (workers, i);
    if (supervised_pid (worker) > 0)
      (void) kill (supervised_pid (worker), SIGKILL); /* it has nothing to finish */
    supervised_stop (worker);
  }
}

void
directory_clear (struct core *core)
{
  g_hash_table_unref (core->looks);
  g_queue_clear (&core->looks_waiting);
}
