# Tests of crypto.
