/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What every place on the screen has in common. A view is one file in ui/views/, with one of these tables. */
#pragma once
#include "ui/screen/draw.h"
#include "ui/screen/keymap.h"

#include <gio/gio.h>

struct app;
struct view;
struct view_class {
  enum place place;
  gboolean popup; /* drawn as a box over the view below it */
  gboolean alone; /* has the whole screen: no folders beside it */
  void (*draw) (struct view *view, const struct area *area, gboolean focused);
  gboolean (*act) (struct view *view, enum action action); /* FALSE: it means nothing here */
  void (*type) (struct view *view, int key);               /* a key that keymap has no action for; may be NULL */
  void (*paste) (struct view *view, const char *text);     /* may be NULL */
  void (*event) (struct view *view, const char *event, GVariant *fields); /* may be NULL */
  char *(*title) (struct view *view);                                     /* for the top line; may be NULL */
  gboolean (*unsaved) (struct view *view); /* holds something that would be lost; may be NULL */
  gboolean (*rescue) (
      struct view *view); /* wardmail has to go: keep that; TRUE: it calls app_rescued when it has; may be NULL */
  void (*free) (struct view *view);
};
/* First member of every view's own struct. */
struct view {
  const struct view_class *class;
  struct app *app;
};
