# Tests of message.
