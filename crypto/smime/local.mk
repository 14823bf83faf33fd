# S/MIME and TLS by OpenSSL; secrets.
libcrypto_wm_a_SOURCES += crypto/error.c crypto/guard/secret.c
