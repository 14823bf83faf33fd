# S/MIME and TLS by OpenSSL; secrets.
