/* A listening TCP socket. */
#ifndef ENG_SERVE_LISTEN_H
#define ENG_SERVE_LISTEN_H

#include <engaged/status.h>
#include <stdint.h>

/* Listens on address:port (0: any free one). *ret_descriptor is owned by the caller, *ret_port is
 * the port it got. ENG_OK; ENG_BAD_CONFIG (the address is none of this machine, or not an address);
 * ENG_DENIED; ENG_UNAVAILABLE (the port is taken); ENG_IO. */
enum eng_status eng_listen(const char *address, uint16_t port, int *ret_descriptor,
                           uint16_t *ret_port, struct eng_error *err);

#endif
