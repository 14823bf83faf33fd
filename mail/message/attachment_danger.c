/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Attachments that could do harm when they are opened, or that are not what they say: told by name, by declared type and by the first bytes, as
 * one plain sentence, the worst first. Nothing is opened or unpacked. Pure. */
#include "mail/message/attachment.h"
#include "mail/message/attachment_zip.h"

#include <string.h>

/* What the first bytes say. */
enum magic {
  MAGIC_UNKNOWN = 0,
  MAGIC_PROGRAM,
  MAGIC_SCRIPT,
  MAGIC_LINK,
  MAGIC_PDF,
  MAGIC_PICTURE,
  MAGIC_ZIP,
  MAGIC_OLE,
  MAGIC_RTF,
  MAGIC_DISC
};

static const struct {
  gsize offset;
  const char *bytes;
  gsize size;
  enum magic magic;
} magics[] = {
  { 0, "MZ", 2, MAGIC_PROGRAM },
  { 0,
    "\x7F"
    "ELF",
    4, MAGIC_PROGRAM },
  { 0, "\xFE\xED\xFA\xCE", 4, MAGIC_PROGRAM },
  { 0, "\xFE\xED\xFA\xCF", 4, MAGIC_PROGRAM },
  { 0, "\xCE\xFA\xED\xFE", 4, MAGIC_PROGRAM },
  { 0, "\xCF\xFA\xED\xFE", 4, MAGIC_PROGRAM },
  { 0, "\xCA\xFE\xBA\xBE", 4, MAGIC_PROGRAM },
  { 0, "#!", 2, MAGIC_SCRIPT },
  { 0, "L\0\0\0\1\x14\2\0", 8, MAGIC_LINK },
  { 0, "[InternetShortcut]", 18, MAGIC_LINK },
  { 0, "%PDF-", 5, MAGIC_PDF },
  { 0, "\x89PNG", 4, MAGIC_PICTURE },
  { 0, "\xFF\xD8\xFF", 3, MAGIC_PICTURE },
  { 0, "GIF8", 4, MAGIC_PICTURE },
  { 0, "PK\3\4", 4, MAGIC_ZIP },
  { 0, "PK\5\6", 4, MAGIC_ZIP },
  { 0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, MAGIC_OLE },
  { 0, "{\\rtf", 5, MAGIC_RTF },
  { 32769, "CD001", 5, MAGIC_DISC },
};

static enum magic
magic_of (const guint8 *bytes, gsize size)
{
  /* A letter may begin with MZ, but holds no NUL. */
  for (gsize i = 0; i < G_N_ELEMENTS (magics); i++)
    if ((i > 0 || memchr (bytes, '\0', MIN (size, 64)) != NULL) && size >= magics[i].offset + magics[i].size
        && memcmp (bytes + magics[i].offset, magics[i].bytes, magics[i].size) == 0)
      return magics[i].magic;
  /* Readers take a PDF that begins a little later. */
  return size > 5 && g_strstr_len ((const char *) bytes, (gssize) MIN (size, 1024), "%PDF-") != NULL ? MAGIC_PDF
                                                                                                     : MAGIC_UNKNOWN;
}

static const char *const programs[]
    = { "exe", "com", "scr", "pif", "cpl", "msi", "msp",    "msix", "appx", "dll", "sys",      "jar",
        "apk", "app", "deb", "rpm", "dmg", "pkg", "gadget", "xll",  "ocx",  "run", "appimage", NULL };
static const char *const scripts[] = { "js",
                                       "jse",
                                       "vbs",
                                       "vbe",
                                       "wsf",
                                       "wsh",
                                       "wsc",
                                       "hta",
                                       "ps1",
                                       "psm1",
                                       "bat",
                                       "cmd",
                                       "sh",
                                       "py",
                                       "pl",
                                       "rb",
                                       "reg",
                                       "inf",
                                       "sct",
                                       "chm",
                                       "hlp",
                                       "applescript",
                                       "command",
                                       "desktop",
                                       "msc",
                                       "mht",
                                       "mhtml",
                                       "one",
                                       "settingcontent-ms",
                                       "application",
                                       "jnlp",
                                       NULL };
static const char *const links[] = { "lnk", "url", "website", "scf", "search-ms", "library-ms", NULL };
static const char *const discs[] = { "iso", "img", "vhd", "vhdx", "udf", NULL };
static const char *const macros[]
    = { "docm", "dotm", "xlsm", "xltm", "xlsb", "xlam", "pptm", "potm", "ppam", "ppsm", "sldm", NULL };
static const char *const harmless[]
    = { "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "rtf", "csv", "jpg", "jpeg", "png",
        "gif", "tif", "tiff", "zip", "html", "htm", "xml",  "mp3", "mp4", "wav", "odt", "ods",  NULL };

/* The n-th ending from behind, lower-case, without its dot; "" where there is none. Blanks that push it out of sight are passed over, and what
 * Windows leaves out at the end of a name. */
static char *
ending (const char *name, guint from_behind)
{
  gsize end = strlen (name);
  while (end > 0 && (name[end - 1] == '.' || name[end - 1] == ' '))
    end--;
  for (;; from_behind--) {
    gsize dot = end;
    while (dot > 0 && name[dot - 1] != '.')
      dot--;
    if (dot == 0)
      return g_strdup ("");
    if (from_behind == 0) {
      g_autofree char *piece = g_ascii_strdown (name + dot, (gssize) (end - dot));
      return g_strdup (g_strstrip (piece));
    }
    end = dot - 1;
  }
}

static gboolean
is_one_of (const char *name, const char *const *list)
{
  g_autofree char *last = ending (name, 0);
  return g_strv_contains (list, last);
}

static gboolean
does_harm (const char *name)
{
  return is_one_of (name, programs) || is_one_of (name, scripts) || is_one_of (name, links) || is_one_of (name, discs);
}

static const char *
danger_of_archive (const guint8 *bytes, gsize size)
{
  g_autoptr (GPtrArray) names = attachment_zip_names (bytes, size);
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    if (g_str_has_suffix (name, "vbaProject.bin"))
      return "This document holds macros, which are small programs. Do not open it outside wardmail unless you know "
             "why it was sent.";
    if (does_harm (name))
      return "This archive holds a program or a script. Do not open it unless you know why it was sent.";
  }
  return names->len < ATTACHMENT_ZIP_NAMES_MAX ? NULL
                                               : "This archive holds more files than could be looked at, so there may "
                                                 "be programs among them. Do not open "
                                                 "it unless you know why it was sent.";
}

static const char *
danger_of_kind (const char *name, enum magic magic)
{
  g_autofree char *before = ending (name, 1);
  gboolean program = magic == MAGIC_PROGRAM || is_one_of (name, programs);
  gboolean script = magic == MAGIC_SCRIPT || is_one_of (name, scripts);
  gboolean disguised = (does_harm (name) && g_strv_contains (harmless, before))
                       || (magic == MAGIC_PROGRAM && is_one_of (name, harmless));
  if (strstr (name, "\xE2\x80\xB9U+202") != NULL || strstr (name, "\xE2\x80\xB9U+206") != NULL)
    return "The name of this file holds hidden characters that turn it around, to hide what kind of file it is. Do not "
           "open it; ask the "
           "sender another way.";
  if (disguised)
    return "This file pretends to be a document, but it is a program or a script. Do not open it; ask the sender "
           "another way.";
  if (program)
    return "This is a program. Do not run it unless you know why it was sent.";
  if (script)
    return "This is a script or a file that can run one. Do not open it outside wardmail unless you know why it was "
           "sent.";
  if (magic == MAGIC_LINK || is_one_of (name, links))
    return "This is a shortcut, which can start a program or lead to a web page. Do not open it unless you know why it "
           "was sent.";
  if (magic == MAGIC_DISC || is_one_of (name, discs))
    return "This is the image of a disc, which can hold programs. Do not open it unless you know why it was sent.";
  if (is_one_of (name, macros))
    return "This document can hold macros, which are small programs. Do not open it outside wardmail unless you know "
           "why it was sent.";
  return NULL;
}

static gboolean
is_office (const char *type, const char *name)
{
  static const char *const endings[] = { "docx", "xlsx", "pptx", "odt", "ods", "odp", NULL };
  return g_str_has_prefix (type, "application/vnd.openxmlformats") || g_str_has_prefix (type, "application/vnd.oasis")
         || is_one_of (name, endings);
}

/* Declared as one of the kinds that the first bytes would show, and they show another one. */
static const char *
mismatch (const char *type, const char *name, enum magic magic)
{
  static const char *const pictures[] = { "png", "jpg", "jpeg", "gif", NULL }, *const pdf[] = { "pdf", NULL },
                           *const zip[] = { "zip", NULL };
  static const char *const picture_types[] = { "image/png", "image/jpeg", "image/jpg", "image/gif", NULL };
  if ((strcmp (type, "application/pdf") == 0 || is_one_of (name, pdf)) && magic != MAGIC_PDF)
    return "It says that it is a PDF, but it is not one. Do not open it; ask the sender what it is.";
  if ((g_strv_contains (picture_types, type) || is_one_of (name, pictures)) && magic != MAGIC_PICTURE)
    return "It says that it is a picture, but it is not one. Do not open it; ask the sender what it is.";
  if ((strcmp (type, "application/zip") == 0 || is_one_of (name, zip)) && magic != MAGIC_ZIP)
    return "It says that it is an archive, but it is not one. Do not open it; ask the sender what it is.";
  if (is_office (type, name) && magic != MAGIC_ZIP && magic != MAGIC_OLE)
    return "It says that it is an office document, but it is not one. Do not open it; ask the sender what it is.";
  if (g_str_has_prefix (type, "text/") && magic != MAGIC_UNKNOWN && magic != MAGIC_SCRIPT && magic != MAGIC_RTF
      && magic != MAGIC_PROGRAM)
    return "It says that it is text, but it is not. Do not open it; ask the sender what it is.";
  return NULL;
}

static gboolean
is_html (const char *type, const char *name)
{
  static const char *const endings[] = { "html", "htm", "xhtml", "shtml", "svg", NULL };
  return strcmp (type, "text/html") == 0 || strcmp (type, "application/xhtml+xml") == 0
         || strcmp (type, "image/svg+xml") == 0 || is_one_of (name, endings);
}

char *
attachment_danger (const char *type, const char *filename_or_null, const guint8 *bytes, gsize size)
{
  const char *name = filename_or_null != NULL ? filename_or_null : "";
  enum magic magic = size > 0 ? magic_of (bytes, size) : MAGIC_UNKNOWN;
  const char *sentence = danger_of_kind (name, magic);
  if (sentence == NULL && magic == MAGIC_ZIP)
    sentence = danger_of_archive (bytes, size);
  if (sentence == NULL && size > 0)
    sentence = mismatch (type, name, magic);
  if (sentence == NULL && *name != '\0' && is_html (type, name))
    sentence
        = "A web page as a file can imitate a place to sign in. View it here as text; do not open it in a browser.";
  return g_strdup (sentence);
}
