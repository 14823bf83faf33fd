# What protects.
libcrypto_wm_a_SOURCES += crypto/keys/keyring_life.h crypto/keys/keyring_new.c crypto/keys/keyring_export.c \
	crypto/pgp/pgp_life.h crypto/pgp/pgp_make.c crypto/pgp/pgp_export.c crypto/pgp/pgp_seal.c crypto/pgp/pgp_revoke_kept.c crypto/pgp/pgp_renew.c crypto/pgp/pgp_revoke.c \
	crypto/keys/keyring_tar.h crypto/keys/keyring_tar.c crypto/keys/keyring_backup.c crypto/keys/keyring_restore.c crypto/keys/keyring_remind.c crypto/keys/keyring_renew.c crypto/keys/keyring_stop.c
libcrypto_wm_a_SOURCES += crypto/error.h crypto/addrspec.h crypto/addrspec.c crypto/key_candidate.c \
	crypto/route.h crypto/route.c crypto/route_text.h crypto/route_text.c crypto/plan.h crypto/plan.c \
	crypto/verdict.h crypto/verdict.c crypto/revocation.h crypto/revocation.c crypto/inspect.h crypto/inspect_p.h crypto/inspect.c crypto/inspect_split.h \
	crypto/inspect_split.c crypto/inspect_type.c crypto/inspect_from.h crypto/inspect_from.c crypto/inspect_pgp.c \
	crypto/inspect_inline.c crypto/inspect_html.c crypto/inspect_mangled.c crypto/inspect_damage.c crypto/inspect_headers.c crypto/inspect_smime.c crypto/inspect_verdict.c crypto/protect.h crypto/protect.c \
	crypto/protect_frame.h crypto/protect_frame.c crypto/pieces.h crypto/pieces.c crypto/spool.h crypto/spool.c \
	crypto/keys/keyring.h crypto/keys/keyring_p.h crypto/keys/keyring.c crypto/keys/keyring_sources.c \
	crypto/keys/keyring_trust.c crypto/keys/keyring_file.c crypto/keys/keyring_memory.c \
	crypto/keys/keyring_pins.c crypto/keys/keyring_expiry.c crypto/keys/keyring_harvest.c crypto/guard/secret.h crypto/guard/tls.h crypto/smime/smime.h \
	crypto/pgp/pgp.h crypto/pgp/pgp_p.h crypto/pgp/pgp_box.c crypto/pgp/pgp_engine.c crypto/pgp/pgp_home.c crypto/pgp/pgp_agent.c crypto/pgp/pgp_card.c crypto/pgp/pgp_keys.c \
	crypto/pgp/pgp_packet.c crypto/pgp/pgp_import.c crypto/pgp/pgp_verify.c crypto/pgp/pgp_decrypt.c crypto/pgp/pgp_encrypt.c \
	crypto/pgp/pgp_foreign.c crypto/pgp/pgp_trim.c crypto/pgp/pgp_minimal.c crypto/autocrypt.h crypto/autocrypt.c crypto/autocrypt_write.c crypto/keys/keyring_announce.c crypto/keys/keyring_apart.c crypto/keys/keyring_autocrypt.c crypto/keys/keyring_found.c \
	crypto/keys/keyring_wkd.c crypto/keys/keyring_ldap.c
include crypto/smime/local.mk
libcrypto_wm_a_SOURCES += crypto/inspect_name.h crypto/inspect_name.c
