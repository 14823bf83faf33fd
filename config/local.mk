# What the user and the organisation decided.
libconfig_wm_a_SOURCES += config/paths.h config/settings.h config/accounts.h config/policy.h
