# The tests, a fragment for each room or kind.
include tests/config.mk
include tests/crypto.mk
include tests/reading.mk
include tests/smime.mk
include tests/message.mk
include tests/net.mk
include tests/ledger.mk
include tests/archive.mk
include tests/engine.mk
include tests/ui.mk
include tests/crash.mk
include tests/scripts.mk
include tests/watched.mk
include tests/lint.mk
include tests/commands.mk
include tests/fuzz.mk
include tests/property.mk
