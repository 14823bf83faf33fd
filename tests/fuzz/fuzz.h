/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fuzz targets share. A target is a libFuzzer program that states a property; FUZZ_TRUE is how it says so. */
#pragma once
#include <glib.h>
#include <stdint.h>
#include <string.h>

/* The property does not hold: says where, and ends the process so that libFuzzer keeps the input. */
void fuzz_fail (const char *file, int line, const char *what) G_GNUC_NORETURN;
#define FUZZ_TRUE(condition) ((condition) ? (void) 0 : fuzz_fail (__FILE__, __LINE__, #condition))

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* Text that may reach a terminal: valid UTF-8 without C0 (but newline and tab where there may be lines), DEL, C1, bidi controls, zero-width
 * (joiners may stand between two characters beyond Latin) and tag characters. Written from the Unicode tables anew, and not with the sanitiser's own. */
gboolean fuzz_is_clean (const char *text, gboolean lines);
/* Every string anywhere in it is clean. */
void fuzz_check_clean (GVariant *value);
/* One of these addresses is none that can have a key (addrspec.h), so that whatever goes to it is held: programs differ over what it means. */
gboolean fuzz_has_held (const GPtrArray *specs);
/* Printable ASCII alone. */
gboolean fuzz_is_ascii (const char *text);
char *fuzz_text (const uint8_t *data,
                 size_t size); /* as a string that ends at the first NUL, in memory of its exact size */
char *fuzz_folder (void);      /* a folder of this process, made at the first call and removed at the end */
