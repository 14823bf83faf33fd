/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a PDF, by pdftotext of poppler. It is started inside the filter's sandbox, so it can read only what it needs to run; the PDF is
 * its standard input, its text comes through a pipe, and it dies with the filter. */
#include "mail/engine.h"
#include "mail/message/attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX (2u * 1024 * 1024)
#define NOT_STARTED 127

/* In the child: nothing but what may stand between fork and exec. */
static void
become_pdftotext (int fd, int out)
{
  static char *const argv[] = { (char *) "pdftotext", (char *) "-q",   (char *) "-layout",
                                (char *) "-nopgbrk",  (char *) "-enc", (char *) "UTF-8",
                                (char *) "-",         (char *) "-",    NULL };
  static char *const environment[] = { (char *) "HOME=/nonexistent", (char *) "LC_ALL=C.UTF-8", NULL };
  int nowhere = open ("/dev/null", O_WRONLY);
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 || lseek (fd, 0, SEEK_SET) != 0 || dup2 (fd, STDIN_FILENO) < 0
      || dup2 (out, STDOUT_FILENO) < 0 || (nowhere >= 0 && dup2 (nowhere, STDERR_FILENO) < 0)
      || close_range (STDERR_FILENO + 1, ~0u, 0) != 0) /* the socket to the engine above all */
    _exit (NOT_STARTED);
  execve (PDFTOTEXT_PATH, argv, environment);
  _exit (NOT_STARTED);
}

/* All that comes, up to TEXT_MAX. */
static GString *
read_all (int fd, gboolean *cut_out)
{
  GString *text = g_string_new (NULL);
  char buffer[65536];
  ssize_t got;
  *cut_out = FALSE;
  while ((got = read (fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0)
      g_string_append_len (text, buffer, got);
    if (text->len > TEXT_MAX) {
      *cut_out = TRUE;
      g_string_truncate (text, TEXT_MAX);
      break;
    }
  }
  return text;
}

static gboolean
is_blank (const char *text)
{
  return text[strspn (text, " \t\r\n\f")] == '\0';
}

/* Why there is no text, as a sentence; NULL: there is. */
static const char *
fault_of (int status, const char *text)
{
  if (WIFEXITED (status) && WEXITSTATUS (status) == NOT_STARTED)
    return "PDFs cannot be shown as text, because pdftotext is not installed here (Debian: poppler-utils). Save it "
           "instead.";
  if (WIFSIGNALED (status))
    return "This PDF is built in a way that breaks or delays its reader, so it is not shown. Ask the sender what it "
           "is.";
  if (WEXITSTATUS (status) != 0 && is_blank (text))
    return "This PDF is damaged, or locked with a password, so it cannot be shown as text. Save it instead.";
  return is_blank (text) ? "This PDF holds no text, perhaps only pictures of pages. Save it to see it." : NULL;
}

char *
attachment_pdf_text (int fd, GError **error)
{
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) != 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The PDF could not be handed on: %s.", g_strerror (errno));
    return NULL;
  }
  pid_t pid = fork ();
  if (pid == 0)
    become_pdftotext (fd, ends[1]);
  close (ends[1]);
  gboolean cut = FALSE;
  int status = 0;
  g_autoptr (GString) text = pid > 0 ? read_all (ends[0], &cut) : g_string_new (NULL);
  close (ends[0]);
  if (pid > 0 && cut)
    (void) kill (pid, SIGKILL);
  if (pid < 0 || (waitpid (pid, &status, 0) != pid)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The PDF could not be read: %s.", g_strerror (errno));
    return NULL;
  }
  const char *fault = cut ? NULL : fault_of (status, text->str);
  if (fault != NULL) {
    g_set_error_literal (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, fault);
    return NULL;
  }
  char *shown = g_utf8_make_valid (text->str, (gssize) text->len);
  if (!cut)
    return shown;
  g_autofree char *begin = shown;
  return g_strconcat (
      begin, "\n[The PDF holds more text than can be shown; the rest is left out. Save it to see all of it.]\n", NULL);
}
