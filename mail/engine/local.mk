# The door, the engine and what all workers share.
libmail_a_SOURCES += mail/engine.h mail/engine/protocol.h mail/engine/protocol.c mail/workers/worker.h mail/workers/sandbox.h
