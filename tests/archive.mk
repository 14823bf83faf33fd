# Tests of archive.
