# The door, the engine and what all workers share.
libmail_a_SOURCES += mail/engine.h mail/engine/protocol.h mail/engine/protocol.c mail/engine/channel.h mail/engine/channel.c \
	mail/workers/worker.h mail/workers/worker.c mail/workers/sandbox.h mail/workers/sandbox.c
