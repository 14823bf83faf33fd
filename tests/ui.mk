# Tests of ui.
SCREEN_TEST_LIBS = libui.a $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_screen_text tests/unit/test_editor tests/unit/test_keymap tests/unit/test_recipients tests/unit/test_keys_words tests/ui/screen_fake
TESTS += tests/unit/test_screen_text tests/unit/test_editor tests/unit/test_keymap tests/unit/test_recipients tests/unit/test_keys_words
tests_unit_test_screen_text_SOURCES = tests/unit/test_screen_text.c
tests_unit_test_screen_text_LDADD = $(SCREEN_TEST_LIBS)
tests_unit_test_screen_text_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_editor_SOURCES = tests/unit/test_editor.c
tests_unit_test_editor_LDADD = $(SCREEN_TEST_LIBS)
tests_unit_test_editor_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_keymap_SOURCES = tests/unit/test_keymap.c
tests_unit_test_keymap_LDADD = $(SCREEN_TEST_LIBS)
tests_unit_test_keymap_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_keys_words_SOURCES = tests/unit/test_keys_words.c
tests_unit_test_keys_words_LDADD = $(SCREEN_TEST_LIBS)
tests_unit_test_keys_words_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_recipients_SOURCES = tests/unit/test_recipients.c
tests_unit_test_recipients_LDADD = $(SCREEN_TEST_LIBS)
tests_unit_test_recipients_CFLAGS = $(TEST_CFLAGS)
# The real screen on an engine with canned mail: for looking at it and for saved screens.
tests_ui_screen_fake_SOURCES = tests/ui/screen_fake.c tests/ui/fake_engine.c
tests_ui_screen_fake_LDADD = $(SCREEN_TEST_LIBS)
check_PROGRAMS += tests/unit/test_working
TESTS += tests/unit/test_working
tests_unit_test_working_SOURCES = tests/unit/test_working.c
tests_unit_test_working_LDADD = $(SCREEN_TEST_LIBS)
tests_unit_test_working_CFLAGS = $(TEST_CFLAGS)
