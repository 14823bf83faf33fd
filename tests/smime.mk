# Tests of smime.
