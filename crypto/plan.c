/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of one send: who gets which copy. */
#include "crypto/plan.h"
#include "crypto/addrspec.h"

static void
plan_copy_free (gpointer data)
{
  struct plan_copy *copy = data;
  g_ptr_array_unref (copy->routes);
  g_free (copy);
}

struct plan *
plan_new (void)
{
  struct plan *plan = g_new0 (struct plan, 1);
  plan->routes = g_ptr_array_new_with_free_func ((GDestroyNotify) route_free);
  plan->kinds = g_array_new (FALSE, FALSE, sizeof (enum recipient_kind));
  plan->copies = g_ptr_array_new_with_free_func (plan_copy_free);
  return plan;
}

void
plan_free (struct plan *plan)
{
  if (plan == NULL)
    return;
  g_ptr_array_unref (plan->copies);
  g_ptr_array_unref (plan->routes);
  g_array_unref (plan->kinds);
  g_free (plan);
}

static enum recipient_kind
kind_at (const struct plan *plan, guint i)
{
  return g_array_index (plan->kinds, enum recipient_kind, i);
}

/* Spelt differently, each is delivered to: only their server knows whether it is one mailbox. */
static gboolean
same_recipient (const struct route *a, const struct route *b)
{
  return g_strcmp0 (a->address, b->address) == 0 || addrspec_identical (a->address, b->address);
}

static struct route *
take_at (struct plan *plan, guint i)
{
  struct route *route = g_ptr_array_steal_index (plan->routes, i);
  g_array_remove_index (plan->kinds, i);
  if (route->method == ROUTE_HOLD)
    plan->held--;
  return route;
}

void
plan_add (struct plan *plan, struct route *route_take, enum recipient_kind kind)
{
  guint at = G_MAXUINT;
  for (guint i = 0; i < plan->routes->len; i++)
    if (same_recipient (g_ptr_array_index (plan->routes, i), route_take)) {
      if (kind_at (plan, i) <= kind)
        at = i;
      kind = MIN (kind, kind_at (plan, i));
      struct route *first = take_at (plan, i);
      /* The same person decided twice and differently: believe the one that holds. */
      const gboolean keep = first->method == ROUTE_HOLD || route_take->method != ROUTE_HOLD;
      route_free (keep ? route_take : first);
      route_take = keep ? first : route_take;
      break;
    }
  if (at == G_MAXUINT)
    for (at = 0; at < plan->routes->len && kind_at (plan, at) <= kind;)
      at++;
  g_ptr_array_insert (plan->routes, (int) at, route_take);
  g_array_insert_val (plan->kinds, at, kind);
  if (route_take->method == ROUTE_HOLD)
    plan->held++;
}

static struct plan_copy *
copy_for (struct plan *plan, enum route_method method, gboolean bcc)
{
  for (guint i = 0; !bcc && i < plan->copies->len; i++) {
    struct plan_copy *copy = g_ptr_array_index (plan->copies, i);
    if (!copy->bcc && copy->method == method)
      return copy;
  }
  struct plan_copy *copy = g_new0 (struct plan_copy, 1);
  copy->method = method;
  copy->bcc = bcc;
  copy->routes = g_ptr_array_new ();
  g_ptr_array_add (plan->copies, copy);
  return copy;
}

void
plan_finish (struct plan *plan)
{
  g_ptr_array_set_size (plan->copies, 0);
  if (plan->held > 0)
    return;
  for (guint i = 0; i < plan->routes->len; i++) {
    struct route *route = g_ptr_array_index (plan->routes, i);
    g_ptr_array_add (copy_for (plan, route->method, kind_at (plan, i) == RECIPIENT_BCC)->routes, route);
  }
}
