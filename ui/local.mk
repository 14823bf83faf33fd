# The files of ui/.
include ui/commands.mk
include ui/screen.mk
