# S/MIME and TLS by OpenSSL; secrets.
libcrypto_wm_a_SOURCES += crypto/error.c crypto/guard/secret.c crypto/guard/x509_text.c crypto/guard/x509_text.h \
	crypto/guard/tls.c crypto/guard/tls_fault.c crypto/guard/tls_p.h crypto/guard/tls_policy.c crypto/guard/tls_socket.c
