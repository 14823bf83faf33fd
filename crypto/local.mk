# What protects.
libcrypto_wm_a_SOURCES += crypto/error.h crypto/error.c crypto/addrspec.h crypto/addrspec.c crypto/key_candidate.c \
	crypto/route.h crypto/route.c crypto/route_text.h crypto/route_text.c crypto/plan.h crypto/plan.c \
	crypto/verdict.h crypto/verdict.c crypto/inspect.h crypto/protect.h \
	crypto/keys/keyring.h crypto/guard/secret.h crypto/guard/tls.h crypto/smime/smime.h crypto/pgp/pgp.h
include crypto/smime/local.mk
