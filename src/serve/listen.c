/* A listening TCP socket, with errors that name the address and the way out. See listen.h. */
#include "serve/listen.h"

#include "base/assert.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static enum eng_status explain(const char *address, uint16_t port, int error, struct eng_error *err)
{
    switch (error) {
    case EADDRINUSE:
        return eng_error_set(err, ENG_UNAVAILABLE,
                             "http cannot listen on %s:%u: another process does; stop it, or give "
                             "`http.listen` a free port or `off`",
                             address, port);
    case EADDRNOTAVAIL:
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "http cannot listen on %s:%u: this machine has no such address; give "
                             "`http.listen` one of its own, such as 127.0.0.1:%u",
                             address, port, port);
    case EACCES:
        return eng_error_set(err, ENG_DENIED,
                             "http cannot listen on %s:%u: no permission; ports below 1024 are "
                             "reserved, give `http.listen` a higher one",
                             address, port);
    default:
        return eng_error_set(err, ENG_IO, "http cannot listen on %s:%u: %s", address, port,
                             strerror(error));
    }
}

static enum eng_status resolve(const char *address, uint16_t port, struct addrinfo **ret_found,
                               struct eng_error *err)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port); /* it fits */
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    int result = getaddrinfo(address, service, &hints, ret_found);
    if (result == 0)
        return ENG_OK;
    return eng_error_set(err, ENG_BAD_CONFIG,
                         "http cannot listen on '%s': %s; give `http.listen` an address such as "
                         "127.0.0.1:8080",
                         address, gai_strerror(result));
}

/* 0, or the errno of the failure. */
static int try_listen(const struct addrinfo *found, int *ret_descriptor)
{
    int descriptor = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return errno;
    int on = 1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* a convenience */
    if (bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(descriptor, BACKLOG) != 0) {
        int error = errno;
        (void)close(descriptor); /* the first failure counts */
        return error;
    }
    *ret_descriptor = descriptor;
    return 0;
}

static uint16_t port_of(int descriptor)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    int result = getsockname(descriptor, (struct sockaddr *)&address, &length);
    eng_assert(result == 0);
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &address, sizeof six);
        return ntohs(six.sin6_port);
    }
    struct sockaddr_in four;
    memcpy(&four, &address, sizeof four);
    return ntohs(four.sin_port);
}

enum eng_status eng_listen(const char *address, uint16_t port, int *ret_descriptor,
                           uint16_t *ret_port, struct eng_error *err)
{
    eng_assert(address != NULL && ret_descriptor != NULL);
    struct addrinfo *found = NULL;
    enum eng_status status = resolve(address, port, &found, err);
    if (status != ENG_OK)
        return status;
    int error = try_listen(found, ret_descriptor);
    freeaddrinfo(found);
    if (error != 0)
        return explain(address, port, error, err);
    *ret_port = port_of(*ret_descriptor);
    return ENG_OK;
}
