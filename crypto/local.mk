# What protects.
libcrypto_wm_a_SOURCES += crypto/error.h crypto/route.h crypto/plan.h crypto/verdict.h crypto/inspect.h crypto/protect.h \
	crypto/keys/keyring.h crypto/guard/secret.h crypto/guard/tls.h crypto/smime/smime.h crypto/pgp/pgp.h
include crypto/smime/local.mk
