# The files of ui/.
include ui/commands.mk
