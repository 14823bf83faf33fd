/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does to a folder from the left side: a plain question, then the engine. */
#pragma once
#include "ui/views/views.h"

/* folder: the one under the cursor; borrowed. NULL or none of a server's: a sentence says so. */
void sidebar_folder_create (struct view *sidebar, const struct folder *folder);
void sidebar_folder_rename (struct view *sidebar, const struct folder *folder);
void sidebar_folder_remove (struct view *sidebar, const struct folder *folder);
