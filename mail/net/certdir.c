/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom to ask for which address: the organisation's directories for all of them, a domain's for those of the domain. All of that at the
 * same time, each in a thread of its own. See certdir.h. */
#include "mail/net/certdir_p.h"

#include <string.h>

#include "mail/net/discover.h"
#include "mail/net/srv.h"

#define THREADS_MAX 12
#define PORT_TLS 636

/* One list of servers that hold the same, and those who are looked for there. */
struct job {
  const struct certdir_server *server; /* the organisation's; NULL: those that the domain names */
  const char *domain;
  GPtrArray *addresses; /* const char *; borrowed */
  GArray *places;       /* guint: where each stands in the query */
  struct certdir_answer *answers;
  gint64 until;
};

void
certdir_init (void)
{
  g_setenv ("LDAPNOINIT", "1", TRUE);
}

void
certdir_answer_clear (struct certdir_answer *answer)
{
  g_clear_pointer (&answer->values, g_ptr_array_unref);
}

static void
answer_init (struct certdir_answer *answer)
{
  answer->values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  answer->whole = FALSE;
}

static void
job_free (gpointer data)
{
  struct job *job = data;
  for (guint i = 0; job->answers != NULL && i < job->addresses->len; i++)
    certdir_answer_clear (&job->answers[i]);
  g_free (job->answers);
  g_ptr_array_unref (job->addresses);
  g_array_unref (job->places);
  g_free (job);
}

/* ---- asking ---- */

static void
set_whole (struct job *job)
{
  for (guint i = 0; i < job->addresses->len; i++)
    job->answers[i].whole = TRUE;
}

/* One after the other until one has answered. While others are left, one that is silent may take half of the time. */
static void
ask_list (struct job *job, const struct certdir_server *servers, guint count)
{
  AUTOFREE (certdir_walk) walk = certdir_walk_new (servers, count);
  const struct certdir_server *server = NULL;
  for (int fd = -1; (fd = certdir_walk_next (walk, job->until, &server)) >= 0;) {
    const gint64 now = g_get_monotonic_time ();
    const gint64 until = certdir_walk_left (walk) > 0 ? now + (job->until - now) / 2 : job->until;
    if (certdir_server_ask (fd, server, (const char *const *) job->addresses->pdata, job->addresses->len, job->answers,
                            until)) {
      set_whole (job);
      return;
    }
  }
}

/* A domain that names no directory has answered, too. */
static void
ask_domain (struct job *job)
{
  struct srv_question question = { .service = "ldap" };
  struct certdir_server servers[CERTDIR_SERVERS_MAX];
  g_autoptr (GPtrArray) hosts = g_ptr_array_new_with_free_func (g_free);
  srv_ask (job->domain, &question, 1, (guint) certdir_left_ms (job->until));
  for (GList *one = question.targets; one != NULL && hosts->len < CERTDIR_SERVERS_MAX; one = one->next) {
    char *host = srv_host (one->data);
    const guint16 port = g_srv_target_get_port (one->data);
    if (host == NULL || port == 0) {
      g_free (host);
      continue;
    }
    servers[hosts->len]
        = (struct certdir_server){ .host = host, .port = port, .tls = port == PORT_TLS ? CERTDIR_TLS : CERTDIR_PLAIN };
    g_ptr_array_add (hosts, host);
  }
  g_resolver_free_targets (question.targets);
  if (hosts->len > 0)
    ask_list (job, servers, hosts->len);
  else if (question.answered)
    set_whole (job);
}

static void
run (gpointer data, gpointer unused)
{
  struct job *job = data;
  if (job->server != NULL)
    ask_list (job, job->server, 1);
  else
    ask_domain (job);
}

/* ---- sharing out ---- */

static struct job *
job_new (const struct certdir_server *server, const char *domain, gint64 until)
{
  struct job *job = g_new0 (struct job, 1);
  job->server = server;
  job->domain = domain;
  job->until = until;
  job->addresses = g_ptr_array_new ();
  job->places = g_array_new (FALSE, FALSE, sizeof (guint));
  return job;
}

static void
job_add (struct job *job, const struct certdir_query *query, guint place)
{
  g_ptr_array_add (job->addresses, (gpointer) query->addresses[place]);
  g_array_append_val (job->places, place);
}

static void
add_domains (const struct certdir_query *query, guint count, gint64 until, GPtrArray *jobs)
{
  g_autoptr (GHashTable) by_domain = g_hash_table_new (g_str_hash, g_str_equal); /* domain -> job; both borrowed */
  for (guint i = 0; i < count; i++) {
    const char *at = strrchr (query->addresses[i], '@'), *domain = at != NULL ? at + 1 : "";
    if (!discover_is_host (domain))
      continue; /* no DNS is asked for anything else */
    struct job *job = g_hash_table_lookup (by_domain, domain);
    if (job == NULL) {
      job = job_new (NULL, domain, until);
      g_hash_table_insert (by_domain, (gpointer) domain, job);
      g_ptr_array_add (jobs, job);
    }
    job_add (job, query, i);
  }
}

/* The organisation's first: what they say is not crowded out. */
static GPtrArray *
make_jobs (const struct certdir_query *query, guint count)
{
  const gint64 until = g_get_monotonic_time () + (gint64) query->timeout_ms * 1000;
  GPtrArray *jobs = g_ptr_array_new_with_free_func (job_free);
  for (guint k = 0; k < MIN (query->server_count, CERTDIR_SERVERS_MAX); k++) {
    struct job *job = job_new (&query->servers[k], NULL, until);
    for (guint i = 0; i < count; i++)
      job_add (job, query, i);
    g_ptr_array_add (jobs, job);
  }
  if (query->by_domain)
    add_domains (query, count, until, jobs);
  return jobs;
}

static void
merge (const struct job *job, struct certdir_answer *answers)
{
  for (guint i = 0; i < job->addresses->len; i++) {
    struct certdir_answer *into = &answers[g_array_index (job->places, guint, i)];
    into->whole = into->whole && job->answers[i].whole;
    for (guint k = 0; k < job->answers[i].values->len && into->values->len < CERTDIR_VALUES_MAX; k++) {
      GBytes *value = job->answers[i].values->pdata[k];
      if (!g_ptr_array_find_with_equal_func (into->values, value, g_bytes_equal, NULL))
        g_ptr_array_add (into->values, g_bytes_ref (value));
    }
  }
}

void
certdir_find (const struct certdir_query *query, struct certdir_answer *answers)
{
  const guint count = MIN (query->count, CERTDIR_ADDRESSES_MAX);
  for (guint i = 0; i < query->count; i++) {
    answer_init (&answers[i]);
    answers[i].whole = i < count;
  }
  g_autoptr (GPtrArray) jobs = count > 0 ? make_jobs (query, count) : NULL;
  if (jobs == NULL || jobs->len == 0)
    return;
  GThreadPool *pool = g_thread_pool_new (run, NULL, THREADS_MAX, FALSE, NULL);
  for (guint k = 0; k < jobs->len; k++) {
    struct job *job = jobs->pdata[k];
    job->answers = g_new0 (struct certdir_answer, job->addresses->len);
    for (guint i = 0; i < job->addresses->len; i++)
      answer_init (&job->answers[i]);
    g_thread_pool_push (pool, job, NULL);
  }
  g_thread_pool_free (pool, FALSE, TRUE); /* waits for all of them; none outstays its time */
  for (guint k = 0; k < jobs->len; k++)
    merge (jobs->pdata[k], answers);
}
