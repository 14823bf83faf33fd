# S/MIME and TLS by OpenSSL; secrets.
libcrypto_wm_a_SOURCES += crypto/smime/smime_life.h crypto/smime/smime_request.c crypto/smime/smime_request_make.c crypto/smime/smime_export.c crypto/smime/smime_backup.c
libcrypto_wm_a_SOURCES += crypto/error.c crypto/guard/installed.c crypto/guard/installed.h crypto/guard/secret.c crypto/guard/secret_heap.c crypto/guard/secret_heap.h crypto/guard/x509_text.c crypto/guard/x509_text.h \
	crypto/guard/tls.c crypto/guard/tls_chain.c crypto/guard/tls_check.c crypto/guard/tls_fault.c crypto/guard/tls_pin.c crypto/guard/tls_resume.c crypto/guard/tls_staple.c crypto/guard/tls_trust.c crypto/guard/tls_p.h crypto/guard/tls_policy.c crypto/guard/tls_socket.c \
	crypto/smime/smime_p.h crypto/smime/smime_algorithm.c crypto/smime/smime_chain.c crypto/smime/smime_chain_known.c crypto/smime/smime_choice.c crypto/smime/smime_compress.c \
	crypto/smime/smime_decrypt.c crypto/smime/smime_decrypt_tag.c crypto/smime/smime_eddsa.c crypto/smime/smime_encrypt.c crypto/smime/smime_harvest.c crypto/smime/smime_import.c crypto/smime/smime_import_p12.c \
	crypto/smime/smime_key.c crypto/smime/smime_key_file.c crypto/smime/smime_kind.c crypto/smime/smime_names.c crypto/smime/smime_own.c crypto/smime/smime_store.c \
	crypto/smime/smime_capabilities.c crypto/smime/smime_revocation.c crypto/smime/smime_revocation.h crypto/smime/smime_revocation_p.h \
	crypto/smime/smime_revocation_folder.c crypto/smime/smime_revocation_list.c crypto/smime/smime_revocation_ocsp.c \
	crypto/smime/smime_revocation_time.c crypto/smime/smime_store_revocation.c crypto/smime/smime_store_find.c crypto/smime/smime_store_import.c \
	crypto/smime/smime_sign.c crypto/smime/smime_stream.c crypto/smime/smime_verify.c \
	crypto/smime/smime_token_p.h crypto/smime/smime_token_card_p.h crypto/smime/smime_token.c crypto/smime/smime_token_key.c crypto/smime/smime_token_module.c \
	crypto/smime/smime_key_card.c
libcrypto_wm_a_SOURCES += crypto/smime/smime_found.c
