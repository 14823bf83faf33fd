# What the user and the organisation decided.
libconfig_wm_a_SOURCES += config/paths.h config/paths.c config/settings.h config/settings.c config/accounts.h config/accounts.c \
	config/policy.h config/policy.c config/policy_p.h config/keyfile.c config/keyfile_p.h config/text.c config/text.h
libconfig_wm_a_SOURCES += config/ldapserver.h config/ldapserver.c config/pins.h config/pins.c config/stamp.h config/stamp.c
