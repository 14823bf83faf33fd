# The files of mail/, a fragment for each part of it.
include mail/engine/local.mk
include mail/message/local.mk
include mail/net/local.mk
include mail/store/local.mk
include mail/archive/local.mk
