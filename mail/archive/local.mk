# The files of mail/archive/.
