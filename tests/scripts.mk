# Tests of scripts.
